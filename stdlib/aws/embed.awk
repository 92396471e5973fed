# embed.awk - the collector as C: LC_ALL=C awk -f embed.awk collector.sh > collector.c
# One string a line; lines that are comments, or empty, stay behind: the script is sent whole.

BEGIN {
    print "#include \"aws/triage.h\"\n\nconst char *const collector_lines[] = {"
}
!/^[ \t]*(#|$)/ {
    gsub(/[\\"]/, "\\\\&")
    print "    \"" $0 "\\n\","
}
END {
    print "};\n\nconst size_t collector_lines_count ="
    print "    sizeof(collector_lines) / sizeof(collector_lines[0]);"
}
