# The grammar as one file for bison: each `%include "FILE"` line becomes the file, and
# #line keeps messages at the places where people edit.
BEGIN { q = "\"" }
FNR == 1 { print "#line 1 " q FILENAME q }
/^%include / {
    name = $2
    gsub(q, "", name)
    print "#line 1 " q name q
    while ((got = (getline line < name)) > 0)
        print line
    if (got < 0) {
        print FILENAME ": cannot read " name > "/dev/stderr"
        exit 1
    }
    print "#line " (FNR + 1) " " q FILENAME q
    next
}
{ print }
