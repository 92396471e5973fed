# UnicodeData.txt to the rows of case_table.h: { point, upper, lower }, by point; 0 where
# there is none. The simple mappings: one code point to one.
BEGIN { FS = ";" }
$13 != "" || $14 != "" {
    printf "{ 0x%s, 0x%s, 0x%s },\n", $1, $13 == "" ? "0" : $13, $14 == "" ? "0" : $14
}
