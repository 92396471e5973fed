/* Ruler.java - event-ruler as a contestant (contest.py has the protocol).
 *
 *     java -cp .. Ruler DATA RULES
 *
 * RULES: one event pattern a line; a rule is named by its line. The machine is asked for each event's text,
 * as event-ruler's own benchmarks do.
 */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import software.amazon.event.ruler.GenericMachine;

public class Ruler {
    private final List<String> events;
    private final GenericMachine<Integer> machine;
    private final int rules;

    private Ruler(List<String> events, List<String> patterns) throws Exception {
        this.events = events;
        this.rules = patterns.size();
        machine = GenericMachine.<Integer>builder().build();
        for (int i = 0; i < rules; i++)
            machine.addRule(i, patterns.get(i));
    }

    private long pass(int first, int count, long[] perRule) throws Exception {
        long matches = 0;
        for (int i = 0; i < count; i++) {
            List<Integer> found = machine.rulesForJSONEvent(events.get((first + i) % events.size()));
            matches += found.size();
            if (perRule != null)
                for (int rule : found)
                    perRule[rule]++;
        }
        return matches;
    }

    private String answer(String[] words) throws Exception {
        int first = Integer.parseInt(words[words.length - 2]);
        int count = Integer.parseInt(words[words.length - 1]);
        if (words[0].equals("counts")) {
            long[] perRule = new long[rules];
            long matches = pass(first, count, perRule);
            try (PrintWriter out = new PrintWriter(words[1], StandardCharsets.UTF_8)) {
                for (long each : perRule)
                    out.print(each + "\n");
            }
            return "counts " + matches;
        }
        long began = System.nanoTime();
        long matches = pass(first, count, null);
        return "pass " + (System.nanoTime() - began) + " " + matches;
    }

    private static long residentKb() throws Exception {
        for (String line : Files.readAllLines(Path.of("/proc/self/status")))
            if (line.startsWith("VmRSS:"))
                return Long.parseLong(line.replaceAll("[^0-9]", ""));
        return 0;
    }

    public static void main(String[] args) throws Exception {
        List<String> events = Files.readAllLines(Path.of(args[0]));
        List<String> patterns = Files.readAllLines(Path.of(args[1]));
        long before = residentKb();
        long began = System.nanoTime();
        Ruler ruler = new Ruler(events, patterns);
        long took = System.nanoTime() - began;
        System.out.println("ready " + took + " " + (residentKb() - before) + " " + events.size());
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
        for (String line = in.readLine(); line != null; line = in.readLine())
            System.out.println(ruler.answer(line.split(" ")));
    }
}
