import Foundation
import Testing
import TinyLoRA

/// The training that README.md shows to library users: the same lines, compiled and run.
@Suite("README") struct ReadmeExampleTests {
    @Test("its example trains an adapter, and is what this test runs")
    func example() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tinylora-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }

        // README begins
        var configuration = TrainingConfiguration.demonstration
        configuration.steps = 4
        configuration.evaluation.problems = 100
        let run = try await TrainingRun(configuration, in: folder)  // checks every setting, loads the model
        let trained = try await run.train { event in
            if case .training(.stepFinished(let step)) = event { print(step.step, step.metrics.rollout?.reward ?? 0) }
        }
        print(trained.adapter.values)  // 13 numbers
        print(trained.summary.accuracyAfter ?? 0)  // of 100 held-out problems
        // README ends

        #expect(trained.adapter.values.count == 13 && trained.adapter.values.contains { $0 != 0 })
        #expect(trained.summary.problems == 100 && trained.result.metrics.count == 4)
        #expect(FileManager.default.fileExists(atPath: folder + "/adapter.safetensors"))
        let readme = try code(in: "README.md", after: "```swift\nimport TinyLoRA\n", before: "```")
        let own = try code(
            in: "Tests/TinyRunsTests/ReadmeExampleTests.swift", after: "        // README begins\n",
            before: "        // README ends")
        #expect(readme == own.map { $0.replacing("in: folder)", with: "in: \"runs/first\")") })
    }

    /// Lines of a file between two marks, without indentation, blank lines and comments.
    private func code(in file: String, after start: String, before end: String) throws -> [String] {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
        let from = try #require(text.range(of: start)).upperBound
        let part = text[from...].prefix(upTo: try #require(text[from...].range(of: end)).lowerBound)
        return part.split(separator: "\n").map { line in
            (line.range(of: "  //").map { String(line[..<$0.lowerBound]) } ?? String(line))
                .trimmingCharacters(in: .whitespaces)
        }
        .filter { !$0.isEmpty }
    }
}
