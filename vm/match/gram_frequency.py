#!/usr/bin/env python3
"""How rare grams are in the texts of alerts: makes gram_frequency_table.h.

    gram_frequency.py NAME=FILE_OR_FOLDER ... > gram_frequency_table.h

Each source weighs the same, however large it is. Its texts are the string values of its JSON
(.json, .jsonl, .ndjson, also .zst), unescaped: in escaped text `\\\\` is two bytes, and what
looks rare there is common. Each text counts once for a source, its first 4,096 bytes, letters
lowered. A rarity is -8 * log2 of the share of places at which a gram stands, at most 255.
"""
import collections
import json
import math
import os
import random
import subprocess
import sys

TEXTS_MAX = 60_000  # of one source, chosen by a seeded lot
BYTES_MAX = 4096
POPULAR = 2048  # grams of four bytes that are measured by themselves
SLOTS = 2 * POPULAR
MULTIPLIER = 0x9E3779B1  # 2**32 / golden ratio, odd


def texts_of(value, out):
    stack = [value]
    while stack:
        item = stack.pop()
        if isinstance(item, dict):
            stack.extend(item.values())
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, str) and item:
            out.add(item[:BYTES_MAX])
            if item[0] in "{[":
                try:
                    stack.append(json.loads(item))
                except ValueError:
                    pass


def documents(path):
    if path.endswith(".zst"):
        data = subprocess.run(["zstd", "-dc", path], stdout=subprocess.PIPE, check=True).stdout
    else:
        with open(path, "rb") as file:
            data = file.read()
    if path.replace(".zst", "").endswith(".json"):
        lines = [data]
    else:
        lines = data.split(b"\n")
    for line in lines:
        if line.strip():
            try:
                yield json.loads(line)
            except ValueError:
                pass


def files_of(path):
    if os.path.isfile(path):
        return [path]
    found = []
    for folder, _, names in os.walk(path):
        found += [os.path.join(folder, n) for n in names
                  if n.replace(".zst", "").endswith((".json", ".jsonl", ".ndjson"))]
    return sorted(found)


def rarity(share):
    return 255 if share <= 0 else max(0, min(255, round(-8 * math.log2(share))))


# A class for each printing character but capitals; 0 for control bytes, 1 for bytes of more
# than ASCII.
def byte_class(byte):
    if byte >= 0x80:
        return 1
    if byte < 0x20 or byte == 0x7F:
        return 0
    if 0x41 <= byte <= 0x5A:
        byte += 32
    return byte - 0x20 + 2 - (26 if byte > 0x5A else 0)


CLASSES = 1 + max(byte_class(b) for b in range(256))


def count(name, path, totals):
    """Add the shares of one source, which sum up to 1 for each length of gram."""
    seen = set()
    for file in files_of(path):
        for document in documents(file):
            texts_of(document, seen)
    chosen = sorted(seen)
    random.Random(7).shuffle(chosen)
    chosen = chosen[:TEXTS_MAX]
    grams = [collections.Counter() for _ in range(3)]
    for text in chosen:
        data = text.lower().encode("utf-8", "replace")
        classes = [byte_class(b) for b in data]
        grams[0].update(classes)
        grams[1].update(zip(classes, classes[1:]))
        grams[2].update(data[at:at + 4] for at in range(len(data) - 3))
    for total, counter in zip(totals, grams):
        places = sum(counter.values())
        for gram, times in counter.items():
            total[gram] += times / places
    length = sum(len(t.encode("utf-8", "replace")) for t in chosen) / max(1, len(chosen))
    print(f"{name}: {len(chosen)} of {len(seen)} texts, {length:.0f} bytes on average",
          file=sys.stderr)
    return len(chosen), length


def numbers(values, width):
    for start in range(0, len(values), width):
        print("    " + ", ".join(str(v) for v in values[start:start + width]) + ",")


def main():
    sources = [argument.split("=", 1) for argument in sys.argv[1:]]
    totals = [collections.defaultdict(float) for _ in range(3)]
    told = []
    for name, path in sources:
        texts, length = count(name, path, totals)
        told.append(f"{name} ({texts} texts, {length:.0f} bytes on average)")
    for total in totals:
        for gram in total:
            total[gram] /= len(sources)
    bytes_, pairs, fours = totals
    print("/* gram_frequency_table.h - made by gram_frequency.py; included by gram_frequency.c.\n *")
    print(" * Of the string values, unescaped, of equal weight:")
    for line in told:
        print(f" *   {line}")
    print(" */\n")
    print("// clang-format off")
    print(f"enum {{ CLASS_COUNT = {CLASSES} }};\n")
    print("/* Of each byte: its class. */\nstatic const uint8_t byte_classes[256] = {")
    numbers([byte_class(b) for b in range(256)], 24)
    print("};\n\n/* Of each class: -8 * log2 of its share of places. */")
    print("static const uint8_t class_rarity[CLASS_COUNT] = {")
    numbers([rarity(bytes_[c]) for c in range(CLASSES)], 24)
    print("};\n\n/* Of two classes in a row. */")
    print("static const uint8_t pair_rarity[CLASS_COUNT][CLASS_COUNT] = {")
    for left in range(CLASSES):
        row = ", ".join(str(rarity(pairs[(left, right)])) for right in range(CLASSES))
        print(f"    {{ {row} }},")
    print("};\n")
    popular = sorted(fours.items(), key=lambda item: (-item[1], item[0]))[:POPULAR]
    slots = [None] * SLOTS
    for gram, share in popular:
        number = int.from_bytes(gram, "little")
        at = number * MULTIPLIER % 2**32 >> 32 - SLOTS.bit_length() + 1
        while slots[at] is not None:
            at = (at + 1) % SLOTS
        slots[at] = (number, rarity(share))
    print(f"enum {{ POPULAR_SLOTS = {SLOTS} }};\n#define POPULAR_MULTIPLIER {MULTIPLIER:#x}u\n")
    rarest = max(rarity(share) for _, share in popular)
    print(f"/* Of the popular grams none is rarer. */\nenum {{ POPULAR_RARITY_MOST = {rarest} }};\n")
    print("/* The most frequent grams of four bytes, first byte lowest: a hash table. */")
    print("static const struct popular_gram popular_grams[POPULAR_SLOTS] = {")
    numbers(["{ 0, 0 }" if slot is None else f"{{ {slot[0]:#010x}, {slot[1]} }}" for slot in slots], 10)
    print("};\n// clang-format on")


main()
