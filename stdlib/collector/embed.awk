# embed.awk - the scripts of a collector as C: LC_ALL=C awk -f embed.awk collector.sh .. > embedded.c
# collector.sh becomes `collector_sh`, one string a line, ending at NULL; lines that are comments, or
# empty, stay behind: scripts are sent whole.

BEGIN {
    print "#include \"collector/embedded.h\"\n\n#include <stddef.h>"
}
FNR == 1 {
    if (NR > 1)
        print "    NULL };"
    name = FILENAME
    sub(/.*\//, "", name)
    gsub(/[^a-z0-9]/, "_", name)
    print "\nconst char *const " name "[] = {"
}
!/^[ \t]*(#|$)/ {
    gsub(/[\\"]/, "\\\\&")
    print "    \"" $0 "\\n\","
}
END {
    print "    NULL };"
}
