// Quamina as a contestant (contest.py has the protocol).
//
//	quamina_peer DATA RULES
//
// RULES: one pattern a line; a rule is named by its line. Patterns are added in Quamina's default build mode. In
// the other one, BuiltForSpeed, 100 rules of EW were not added within 20 seconds, nor 1,000 within a minute.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"quamina.net/go/quamina/v2"
)

type contestant struct {
	events  [][]byte
	matcher *quamina.Quamina
	rules   int
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "quamina_peer:", err)
		os.Exit(2)
	}
}

// readLines gives the lines of a file; all share its memory.
func readLines(path string) [][]byte {
	data, err := os.ReadFile(path)
	must(err)
	return bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
}

func newMatcher(patterns [][]byte) *quamina.Quamina {
	matcher, err := quamina.New()
	must(err)
	for rule, pattern := range patterns {
		must(matcher.AddPattern(rule, string(pattern)))
	}
	return matcher
}

func (c *contestant) pass(first, count int, perRule []int) int {
	matches := 0
	for k := 0; k < count; k++ {
		found, err := c.matcher.MatchesForEvent(c.events[(first+k)%len(c.events)])
		must(err)
		matches += len(found)
		if perRule != nil {
			for _, rule := range found {
				perRule[rule.(int)]++
			}
		}
	}
	return matches
}

func (c *contestant) counts(path string, first, count int) string {
	perRule := make([]int, c.rules)
	matches := c.pass(first, count, perRule)
	var text strings.Builder
	for _, each := range perRule {
		fmt.Fprintln(&text, each)
	}
	must(os.WriteFile(path, []byte(text.String()), 0o644))
	return fmt.Sprint("counts ", matches)
}

func (c *contestant) answer(words []string) string {
	first, err := strconv.Atoi(words[len(words)-2])
	must(err)
	count, err := strconv.Atoi(words[len(words)-1])
	must(err)
	if words[0] == "counts" {
		return c.counts(words[1], first, count)
	}
	began := time.Now()
	matches := c.pass(first, count, nil)
	return fmt.Sprint("pass ", time.Since(began).Nanoseconds(), " ", matches)
}

func residentKb() int {
	status, err := os.ReadFile("/proc/self/status")
	must(err)
	for _, line := range strings.Split(string(status), "\n") {
		if rest, found := strings.CutPrefix(line, "VmRSS:"); found {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			must(err)
			return kb
		}
	}
	return 0
}

func main() {
	events, patterns := readLines(os.Args[1]), readLines(os.Args[2])
	before, began := residentKb(), time.Now()
	matcher := newMatcher(patterns)
	took := time.Since(began)
	fmt.Println("ready", took.Nanoseconds(), residentKb()-before, len(events))
	c := contestant{events, matcher, len(patterns)}
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		fmt.Println(c.answer(strings.Fields(in.Text())))
	}
}
