"""label images -> what is in them, and what is wrong with them. Calling the room audits a data set.

audit.py          audit: headers, then labels, then conclusions
rules.py          RULES: what each finding means, and what mends it
findings.py       Finding, Audit
config.py         AuditConfig: what `pixelwise audit` takes; command.py does it
source.py         what is audited: a dataset.toml, or a guess
inventory.py      the files, pair by pair (P1, P2)
headers.py        the first bytes of a picture; pair_rules.py judges them (F1 to F6, G1, G2)
label_rules.py    the pixels of a label (F8, V2 to V13, G4, R1), with regions.py
color_rules.py    labels that are colour pictures (F10 to F12, V1 to V3)
dataset_rules.py  what only all labels together say (F5, F7, F9, V6 to V11, S5, M1)
annotation_rules.py  shapes and names in files of labelme (R2 to R6)
image_rules.py    images that are decoded on request (S2, G3)
copies.py         images and labels that are there twice (S1, S3, S4)
ledger.py         findings are counted and kept; baseline.py has the accepted ones

fix.py            fix: a repaired copy; fix_plan.py decides, fixed.py tells
mend.py           one label put right, with mend_color.py and nearest.py

label_counts.py   LabelCounts, count_labels: pixels and images by class
weights.py        class_weights: formulas on label counts
weigh.py          what `pixelwise weights` does; weights_config.py is what it takes
weights_file.py   weights.json, which train reads
keep_list.py      images that one class fills, and the list of the others
look.py           look at an unknown folder -> Description; the guess behind `pixelwise init`
match.py          which folder holds the images and which the labels
layout.py         where the splits of a folder are
stored.py         what the stored values of label files mean
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "audit", "audit")
