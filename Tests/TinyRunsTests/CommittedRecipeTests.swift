import Foundation
import Testing
import TinyRuns
import TinyFoundation
import TinyProblems
import TinyRecords

/// The files of Recipes/ say what this version understands.
@Suite("committed recipes") struct CommittedRecipeTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Recipes")

    private static let files: [String] =
        ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".yaml") }
        .sorted()

    private func isSweep(_ path: String) throws -> Bool {
        try String(contentsOfFile: path, encoding: .utf8).contains("\nruns:")
    }

    @Test("every file resolves to a run or a sweep without a broken rule", arguments: files)
    func resolves(file: String) throws {
        let path = Self.folder.appendingPathComponent(file).path
        if try isSweep(path) {
            let plan = try SweepPlan(SweepFile(contentsOf: path))
            #expect(plan.name == file.replacing(".yaml", with: ""))
            #expect(Set(plan.runs.map(\.name)).count == plan.runs.count)
            #expect(plan.runs.allSatisfy { $0.configuration.violations().isEmpty })
        } else {
            #expect(try Recipe(contentsOf: path).configuration().violations().isEmpty)
        }
    }

    @Test("the rates of the real experiment have every problem once, and keep as many as its page says")
    func rates() throws {
        let path = Self.folder.appendingPathComponent("real-rates.tsv")
        let rows = try String(contentsOf: path, encoding: .utf8).split(separator: "\n").filter { !$0.hasPrefix("#") }
            .map { $0.split(separator: "\t").compactMap { Int($0) } }
        #expect(rows.map(\.first) == (1...384).map { $0 })
        #expect(rows.allSatisfy { $0.count == 3 && (0...4).contains($0[1]) && ($0[1]...4).contains($0[2]) })
        #expect(rows.count { (1...3).contains($0[1]) } == 144 && rows.count { (1...3).contains($0[2]) } == 149)
    }

    @Test("there are recipes, and the table of Recipes/README.md has each of them")
    func areListed() throws {
        let table = try String(contentsOf: Self.folder.appendingPathComponent("README.md"), encoding: .utf8)
        #expect(Self.files.count >= 6)
        for file in Self.files { #expect(table.contains("| `\(file)` |"), "\(file)") }
    }

    @Test("demonstration.yaml is the demonstration, with every one of its values spelt out")
    func demonstrationIsComplete() throws {
        let path = Self.folder.appendingPathComponent("demonstration.yaml").path
        var recipe = try Recipe(contentsOf: path)
        var expected = TrainingConfiguration.demonstration
        expected.adapter.parameters = 13
        #expect(try recipe.configuration().firstDifference(from: expected) == nil)
        recipe.set("base", .text("general"), at: "test")
        #expect(try recipe.configuration().firstDifference(from: expected) == nil)
    }

    @Test("the miniature has every method at every size, and decides no rate by test problems")
    func miniature() throws {
        let plan = try SweepPlan(SweepFile(contentsOf: Self.folder.appendingPathComponent("miniature.yaml").path))
        #expect(plan.cells.count == 20)
        #expect(plan.expectedRuns == 3 * 5 + 6 * 4 + 9 * 5 + 2 * 3)
        #expect(
            plan.runs.contains { $0.name == "grpo-tinylora-13-lr0.05-seed1" }, "\(plan.runs.map(\.name))")
    }

    @Test(
        "the experiments on a real model differ from the main one only in what they are about",
        arguments: [
            ("real-sizes", ["method", "parameters", "rank"]), ("real-format", ["prompt_style"]),
            ("real-lenient", ["reward", "train"]),
            (
                "real-evolution",
                [
                    "algorithm", "num_generations", "population_size", "problems_per_step",
                    "scale_rewards", "sigma", "loss_type", "max_grad_norm",
                ]
            ),
        ])
    func realModel(name: String, about: [String]) throws {
        func settings(_ name: String) throws -> [[String: JSONValue]] {
            let path = Self.folder.appendingPathComponent(name + ".yaml").path
            return try SweepPlan(SweepFile(contentsOf: path)).runs.map { run in
                let json = Data(try run.configuration.jsonLine().utf8)
                return try JSONDecoder().decode([String: JSONValue].self, from: json)
            }
        }
        let main = try #require(settings("real-13-grpo").first), runs = try settings(name)
        for run in runs {
            let differing = main.keys.filter { run[$0] != main[$0] }
            #expect(Set(differing).subtracting(about).isSubset(of: ["learning_rate", "seed"]), "\(differing)")
        }
        #expect(Set(main.keys.filter { key in runs.contains { $0[key] != main[key] } }).isSuperset(of: about))
    }

    @Test(
        "a personal recipe has its examples beside it, and its grader pays for the right format with the right values")
    func personal() throws {
        let path = Self.folder.appendingPathComponent("personal/orders.yaml").path
        let configuration = try Recipe(contentsOf: path).configuration()
        let training = try ProblemSet(contentsOf: #require(configuration.train)).problems
        let test = try ProblemSet(contentsOf: #require(configuration.eval)).problems
        #expect(training.count == 200 && test.count == 100)
        #expect(Set(training.map(\.question)).isDisjoint(with: test.map(\.question)))

        let sweep = try SweepPlan(SweepFile(contentsOf: Self.folder.appendingPathComponent("real-orders.yaml").path))
        let run = try #require(sweep.runs.first).configuration
        #expect(run.train == configuration.train && run.eval == configuration.eval)
        let validation = try ProblemSet(contentsOf: #require(run.evaluation.validationFile)).problems
        #expect(validation.count == 50)
        #expect(Set(validation.map(\.question)).isDisjoint(with: (training + test).map(\.question)))
        #expect(training.allSatisfy { $0.solution == $0.answer }, "supervised runs imitate what the reward asks for")

        guard case .command(let command) = try GraderChoice(configuration.grader) else {
            Issue.record("the grader is \(configuration.grader)")
            return
        }
        // Recipes are run in the folder of the repository; the tests may run anywhere.
        let root = Self.folder.deletingLastPathComponent().path
        let grader = CommandReward("cd '\(root)' && \(command)")
        let order = test[0], right = order.answer
        let wrong = try #require(test.first { $0.answer != right }).answer
        let completions = [
            right, " \(right)\n", "```json\n\(right)\n```", "Here is the order: \(right)", "\(right)\n\(right)", wrong,
            "",
        ]
        let grades = grader.grades(of: completions.map { GradedAnswer($0, to: order) })
        try #require(grades.allSatisfy { $0.failure == nil }, "\(grades.compactMap(\.failure).first ?? "")")
        #expect(grades.map(\.strict) == [true, true, false, false, false, false, false])
    }
}
