# CaseFolding.txt to the rows of fold_table.h: { point, folded }, by point.
# Status C and S make the simple folding: one code point to one.
BEGIN { FS = "; " }
/^[0-9A-F]+; [CS]; / { printf "{ 0x%s, 0x%s },\n", $1, $3 }
