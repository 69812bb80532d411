import Foundation
import Testing
import TinyProblems
import TinyFoundation

/// A folder of published data sets beside the checkout, or one level further up. It is not part of the repository.
private let publishedData: String? = {
    var folder = URL(fileURLWithPath: #filePath)
    for _ in 0..<3 { folder.deleteLastPathComponent() }
    return ["../shared/data", "../../shared/data"].lazy
        .map { folder.appendingPathComponent($0).standardizedFileURL.path }
        .first { FileManager.default.fileExists(atPath: $0 + "/gsm8k") }
}()

@Suite("Published benchmarks", .enabled(if: publishedData != nil, "the data sets are not beside this checkout"))
struct PublishedBenchmarkTests {
    private func load(_ benchmark: Benchmark) throws -> ProblemSet {
        try benchmark.load(below: #require(publishedData))
    }

    private func grade(_ answer: String, _ problem: Problem, of benchmark: Benchmark) -> Grade {
        benchmark.reward(for: [problem], answerFormat: .boxed).grade("So \\boxed{\(answer)}.", for: problem)
    }

    @Test("load completely, with ids of their own")
    func counts() throws {
        let counts = [
            "gsm8k": 660, "math500": 500, "aime24": 30, "aime25": 30, "amc23": 40, "minerva": 272, "olympiadbench": 675,
        ]
        #expect(Benchmark.registry.names.sorted() == counts.keys.sorted())
        for benchmark in Benchmark.registry.benchmarks {
            let set = try load(benchmark)
            #expect(set.name == benchmark.name && set.problems.count == counts[benchmark.name])
            #expect(Set(set.problems.map(\.id)).count == set.problems.count)
            #expect((benchmark.note(on: set) == nil) == (benchmark.name != "gsm8k"))
            _ = try PromptStyle(named: benchmark.promptStyle)
        }
        #expect(
            Benchmark.gsm8k.note(on: try load(.gsm8k)) == "gsm8k has 660 problems here, the published set 1319")
    }

    @Test("accept every gold answer in the format that their style asks for, strictly")
    func golds() throws {
        for benchmark in Benchmark.registry.benchmarks {
            let set = try load(benchmark), format = try PromptStyle(named: benchmark.promptStyle).answerFormat
            let reward = benchmark.reward(for: set.problems, answerFormat: format)
            for problem in set.problems {
                let completion = format == .marked ? "so\n#### \(problem.answer)" : "so \\boxed{\(problem.answer)}"
                #expect(reward.grade(completion, for: problem).strict, "\(benchmark.name) \(problem.id)")
            }
        }
    }

    @Test("GSM8K's thousands commas and its negative answer are numbers")
    func gsm8k() throws {
        let problems = try load(.gsm8k).problems
        #expect(problems.allSatisfy { Int($0.answer) != nil })
        #expect(problems[489].answer.hasPrefix("-"))
        let large = problems.filter { problem in
            problem.solution?.split(separator: "\n").last?.contains(",") ?? false
        }
        #expect(large.count == 9)
        let reward = Benchmark.gsm8k.reward(for: problems, answerFormat: .marked)
        #expect(reward is FinalAnswerReward)
        for problem in large { #expect(reward.grade(problem.solution ?? "", for: problem).strict) }
    }

    @Test("MATH500 has seven subjects and five levels")
    func math500() throws {
        let problems = try load(.math500).problems
        #expect(Set(problems.compactMap(\.subject)).count == 7)
        #expect(Set(problems.compactMap(\.level)) == ["1", "2", "3", "4", "5"])
        for raw in ["\\frac43", "\\frac 59", "52_8", "10,\\!080", "\\$32,\\!348"] {
            #expect(problems.contains { $0.answer == raw }, "\(raw)")
        }
    }

    @Test("AIME's leading zeros change nothing")
    func aime() throws {
        let padded = try load(.aime24).problems.filter { $0.answer.hasPrefix("0") }
        #expect(padded.count == 7)
        for problem in padded {
            let plain = String(try #require(Int(problem.answer)))
            #expect(grade(plain, problem, of: .aime24).strict, "\(plain) for \(problem.answer)")
            #expect(!grade(plain + "0", problem, of: .aime24).lenient)
        }
    }

    @Test("Minerva's numbers pass within one per cent")
    func minerva() throws {
        let problems = try load(.minerva).problems
        #expect(Set(problems.compactMap(\.subject)).count == 9)
        let problem = try #require(problems.first { $0.answer == "4.5e33" })
        #expect(grade("4.53 \\times 10^{33}", problem, of: .minerva).strict)
        #expect(!grade("4.6e33", problem, of: .minerva).lenient)
    }

    @Test("OlympiadBench's several answers, units and error are understood")
    func olympiadBench() throws {
        let problems = try load(.olympiadBench).problems
        #expect(problems.count { $0.unit != nil } == 8)
        #expect(problems.filter { $0.tolerance != nil }.map(\.tolerance) == [0.1])
        let rough = try #require(problems.first { $0.tolerance != nil })
        #expect(rough.answer == "4.2" && rough.unit == "%")
        for answer in ["4.25", "4.2\\%", "4.11"] {
            #expect(grade(answer, rough, of: .olympiadBench).strict, "\(answer)")
        }
        for answer in ["4.4", "42"] { #expect(!grade(answer, rough, of: .olympiadBench).lenient, "\(answer)") }
        let distance = try #require(problems.first { $0.unit == "km" })
        for answer in ["\\frac{41}{12}", "\\frac{41}{12} \\text{ km}"] {
            #expect(grade(answer, distance, of: .olympiadBench).strict, "\(answer)")
        }
        let pair = try #require(problems.first { $0.answer == "$69$,$84$" })
        for answer in ["69, 84", "84, 69", "69 \\text{ and } 84"] {
            #expect(grade(answer, pair, of: .olympiadBench).strict, "\(answer)")
        }
        #expect(!grade("69", pair, of: .olympiadBench).lenient)
    }
}

@Suite("Benchmarks")
struct BenchmarkTests {
    @Test("are refused under a name that is none, with the nearest one")
    func unknownName() {
        let error = #expect(throws: ProblemError.self) { try Benchmark.registry.benchmark(named: "math50") }
        #expect(error?.code == .unknownBenchmark && error?.hint == "did you mean \"math500\"?")
        #expect(error?.message.contains("gsm8k, math500, aime24") == true)
    }

    @Test("say where a missing file should be, and how to get it")
    func missingFile() {
        let error = #expect(throws: ProblemError.self) { try Benchmark.aime24.load(below: "/nowhere") }
        #expect(error?.message == "/nowhere/aime24/test.jsonl does not exist")
        #expect(error?.hint == "`tinylora download aime24 --data /nowhere` fetches it")
        let own = #expect(throws: ProblemError.self) {
            try Benchmark(name: "school", location: "/nowhere/school.jsonl").load(below: "data")
        }
        #expect(own?.hint == "it is the file of the problem set school")
        #expect(error?.code == .unreadableFile)
    }

    @Test("are replaced by a later one of the same name")
    func replaced() throws {
        var registry = Benchmark.registry
        registry.add(Benchmark(name: "gsm8k", location: "/own.jsonl"))
        #expect(registry.benchmarks.count == Benchmark.registry.benchmarks.count)
        #expect(try registry.benchmark(named: "gsm8k").path(below: "data") == "/own.jsonl")
    }

    private func problems(_ rows: String, _ mapping: String) throws -> [Problem] {
        var fields = ProblemFields.automatic
        try fields.map(mapping)
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("\(UUID().uuidString).jsonl")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(rows.utf8).write(to: file)
        return try ProblemSet(contentsOf: file.path, fields: fields).problems
    }

    @Test("map fields of any name")
    func mapping() throws {
        let rows = #"{"prompt": "Q", "target": 3, "topic": "sums", "hard": 2, "in": "km", "off": "1e-1", "key": 7}"#
        let problem = try problems(
            rows, "question=prompt,answer=target,subject=topic,level=hard,unit=in,tolerance=off,id=key")[0]
        #expect(
            problem.parts
                == Problem(
                    id: "7", question: "Q", answer: "3", subject: "sums", level: "2", unit: "km", tolerance: 0.1))
    }

    @Test(
        "refuse a mapping of nothing",
        arguments: [
            ("question=promt", "did you mean \"prompt\"?"), ("solution=targte", "did you mean \"target\"?"),
            ("qestion=prompt", "did you mean \"question\"?"), ("question", "write part=key, such as question=prompt"),
            ("question=", "write part=key, such as question=prompt"),
        ])
    func wrongMapping(mapping: String, hint: String) {
        let rows = #"{"prompt": "Q", "question": "Q", "answer": "3", "target": 3}"#
        let error = #expect(throws: ProblemError.self) { try problems(rows, mapping) }
        #expect(error?.hint == hint, "\(String(describing: error))")
    }

    @Test("refuse a tolerance that is no number", arguments: ["\"a lot\"", "-1", "\"nan\""])
    func wrongTolerance(value: String) {
        let error = #expect(throws: ProblemError.self) {
            try problems(#"{"question": "Q", "answer": "3", "off": \#(value)}"#, "tolerance=off")
        }
        #expect(error?.code == .wrongType)
    }
}

@Suite("Choice of a grader")
struct GraderChoiceTests {
    private let number = Problem(id: "1", question: "?", answer: "12"),
        formula = Problem(id: "2", question: "?", answer: "\\frac12")

    @Test("is read from its name, and a misspelt one has the nearest")
    func names() throws {
        for name in ["auto", "final-answer", "math", "command:cat | sort"] {
            #expect(try GraderChoice(name).description == name)
        }
        let error = #expect(throws: ProblemError.self) { try GraderChoice("maths") }
        #expect(error?.code == .unknownGrader && error?.hint == "did you mean \"math\"?")
        #expect(throws: ProblemError.self) { try GraderChoice("command: ") }
    }

    @Test("follows the answers and the asked-for format unless it is made")
    func automatic() {
        let choice = GraderChoice.automatic
        #expect(choice.reward(for: [number], answerFormat: .marked) is FinalAnswerReward)
        #expect(choice.reward(for: [number, formula], answerFormat: .marked) is MathReward)
        let boxed = choice.reward(for: [number], answerFormat: .boxed)
        #expect(boxed.grade("\\boxed{12}", for: number).strict)
        let marked = boxed.grade("#### 12", for: number)
        #expect(!marked.strict && marked.lenient)
        #expect(GraderChoice.method(.finalAnswer).reward(for: [formula], answerFormat: .boxed) is FinalAnswerReward)
    }

    @Test("tells which answers are one vote")
    func sameAnswers() {
        #expect(FinalAnswerReward().isSame("1,080", as: "$1080.0", for: number))
        #expect(!FinalAnswerReward().isSame("1", as: "2", for: number))
        #expect(MathReward().isSame("\\frac12", as: "0.5", for: formula))
        var rough = formula
        #expect(!MathReward().isSame("0.5", as: "0.52", for: rough))
        rough.tolerance = 0.1
        #expect(MathReward().isSame("0.5", as: "0.52", for: rough))
    }
}
