import Foundation
import Testing
import TinyRuns
import TinyRecords

/// The files of Recipes/ say what this version understands.
@Suite("committed recipes") struct CommittedRecipeTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Recipes")

    private static let files: [String] =
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".yaml") }
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
}
