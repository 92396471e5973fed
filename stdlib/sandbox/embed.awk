# embed.awk - the shipped world as C: LC_ALL=C awk -f embed.awk world.json world_*.json > shipped_world.c
# One string a line: literals have a greatest length.

BEGIN {
    print "#include \"sandbox/world.h\"\n\nconst char *const shipped_world_lines[] = {"
}
{
    gsub(/[\\"]/, "\\\\&")
    print "    \"" $0 "\\n\","
}
END {
    print "};\n\nconst size_t shipped_world_lines_count ="
    print "    sizeof(shipped_world_lines) / sizeof(shipped_world_lines[0]);"
}
