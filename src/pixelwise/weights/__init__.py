"""Label images -> pixels of each class -> class weights.

counts.py      LabelCounts, count_labels: pixels and images by class
places.py      some pixels of each class in every label image, from the same reading
formulas.py    class_weights: formulas on label counts, the table METHODS
members.py     count_members, pos_weights: the same where classes overlap
member_record.py   MemberWeights, and what `pixelwise weights` does there
command.py     weigh: what `pixelwise weights` does, without its page; config.py is what it takes
record.py      Weights: the result, as text and as weights.json
file.py        weights.json as train reads it
keep_list.py   images that one class fills, and the list of the others

The package can be called: `pw.weights(...)` is the command, with its page.
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "pixelwise.report.weights_page", "weights")
