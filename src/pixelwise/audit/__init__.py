"""Defects of label files, labels, pairs and splits: rules -> findings.

The package can be called: `pw.audit(...)` is the command, with its page and its repair.

command.py          audit_of: what is named is opened and examined; config.py has the settings
rules.py            RULES: one row a rule, its cause and its repair; rule.py has what a row is
findings.py         Finding, also of a file that cannot be read (F3), and their Ledger
result.py           Audit, and the command that repairs a rule; baseline.py: accepted findings
source.py           what is audited: a dataset.toml, or a guess
inventory.py        the files, pair by pair (P1 to P4); every folder is listed once
examine.py          the audit: every pair, then conclusions
contents.py         what is read of a pair, each file once, and the sums over all pairs
headers.py          the first bytes and the end of an image file; pair_rules.py judges them (F1, F4,
                    F6, G1, G2, G5)
label_rules.py      the pixels of a label (F3, F8, V2 to V13, G4, R1), with regions.py
color_rules.py      labels that are colour images (F10 to F12, V1 to V3)
image_rules.py      images that are decoded on request or in a sample (F13, S2, G3)
dataset_rules.py    what only all labels together say (F5, F7, F9, V5 to V11, S5, M1)
suspect_rules.py    values that are hardly classes (V14 to V16)
overlap/            classes that overlap, one by one and together (V11, V17, V18, M2)
annotation_rules.py shapes and names in labelme files (R2 to R6)
copies.py           duplicate images and labels (S1, S3, S4)
"""

from pixelwise.callable_package import callable_package

callable_package(__name__, "pixelwise.report.audit_page", "audit")
