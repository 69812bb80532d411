import Foundation
import Testing
import TinyProblems
import TinyRuns
import TinyFoundation

@Suite("A file of problem sets")
struct BenchmarkFileTests {
    private func registry(_ text: String) throws -> BenchmarkRegistry {
        var registry = Benchmark.registry
        try registry.add(text: text, path: "/sets/own.yaml")
        return registry
    }

    @Test("adds sets with their fields, style, grader and tolerance, and replaces known ones")
    func adds() throws {
        let registry = try registry(
            """
            school:
              file: school/test.jsonl
              question: prompt
              answer: target
              subject: topic
              prompt_style: boxed-2shot
              grader: math
              relative_tolerance: 0.01
              rows: 120
            gsm8k:
              file: /data/gsm8k.jsonl
              grader: "command:python3 grade.py"
            """)
        let school = try registry.benchmark(named: "school")
        var fields = ProblemFields.automatic
        try fields.map("question=prompt,answer=target,subject=topic")
        var options = GradingOptions()
        options.relativeTolerance = 0.01
        #expect(
            school
                == Benchmark(
                    name: "school", location: "/sets/school/test.jsonl", fields: fields, promptStyle: "boxed-2shot",
                    grader: .method(.math), options: options, publishedCount: 120))
        let own = try registry.benchmark(named: "gsm8k")
        #expect(own.location == "/data/gsm8k.jsonl" && own.grader == .command("python3 grade.py"))
        #expect(registry.benchmarks.count == Benchmark.registry.benchmarks.count + 1)
    }

    @Test(
        "is refused with its line",
        arguments: [
            ("school:\n  file: a.jsonl\n  qestion: x", "own.yaml:3", "did you mean question?"),
            ("school:\n  question: x", "own.yaml:1", nil),
            ("school:\n  file: a.jsonl\n  grader: maths", "own.yaml:3", "did you mean \"math\"?"),
            ("school:\n  file: a.jsonl\n  prompt_style: boxd", "own.yaml:3", "did you mean \"boxed\"?"),
            ("school:\n  file: a.jsonl\n  rows: many", "own.yaml:3", nil),
            ("school:\n  file: a.jsonl\n  relative_tolerance: -1", "own.yaml:1", nil),
            ("school: 3", "own.yaml:1", nil), ("- school", "own.yaml:1", nil),
        ])
    func refusals(text: String, place: String, hint: String?) {
        let error = #expect(throws: RunError.self) { try registry(text) }
        #expect(error?.message.contains(place) == true, "\(String(describing: error))")
        #expect(error?.hint == hint, "\(String(describing: error))")
    }
}
