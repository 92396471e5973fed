# embed.awk - the shipped sources as C: LC_ALL=C awk -f embed.awk FILE.cdr.. > embedded.c
# A file is an array of bytes: string literals may not be as long. Files come sorted by name.

BEGIN {
    for (byte = 1; byte < 256; byte++)
        code[sprintf("%c", byte)] = byte
    print "#include \"registry.h\"\n"
}

FNR == 1 {
    if (files++)
        print "};\n"
    file[files] = FILENAME
    print "static const char text_" files "[] = {"
}

{
    line = "   "
    for (at = 1; at <= length($0); at++)
        line = line " (char)" code[substr($0, at, 1)] ","
    print line " 10,"
}

END {
    if (files)
        print "};\n"
    print "static const struct shipped_source sources[] = {"
    for (at = 1; at <= files; at++)
        print "    { \"" file[at] "\", { text_" at ", sizeof text_" at " } },"
    print "    { NULL, { \"\", 0 } },"
    print "};\n"
    print "struct shipped_source shipped_source_at(size_t index)"
    print "{"
    print "    size_t last = sizeof sources / sizeof sources[0] - 1;"
    print "    return sources[index < last ? index : last];"
    print "}"
}
