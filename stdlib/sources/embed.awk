# embed.awk - the shipped sources as C: embed.awk FILE.cdr.. > embedded.c
# Each line of a file becomes one string literal; the files come sorted by name.

function quoted(line) {
    gsub(/\\/, "\\\\", line)
    gsub(/"/, "\\\"", line)
    gsub(/\?/, "\\?", line) # no trigraphs
    return "\"" line "\\n\""
}

BEGIN {
    print "#include \"registry.h\"\n"
    print "static const struct shipped_source sources[] = {"
}

FNR == 1 {
    if (files++)
        print "    ) },"
    print "    { \"" FILENAME "\", STR("
}

{ print "        " quoted($0) }

END {
    if (files)
        print "    ) },"
    print "    { NULL, { \"\", 0 } },"
    print "};\n"
    print "struct shipped_source shipped_source_at(size_t index)"
    print "{"
    print "    size_t last = sizeof sources / sizeof sources[0] - 1;"
    print "    return sources[index < last ? index : last];"
    print "}"
}
