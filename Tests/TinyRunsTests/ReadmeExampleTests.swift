import Foundation
import Testing
import TinyLoRA

/// What README.md and the reference show to library users: the same lines, compiled and run.
@Suite("examples for library users") struct ReadmeExampleTests {
    @Test("README's trains an adapter, and is what this test runs")
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
        let readme = try text(of: "README.md", after: "```swift\nimport TinyLoRA\n", before: "```")
        #expect(code(in: readme) == (try code(between: "README")))
    }

    @Test("those of Getting started train, evaluate and sample, and are what this test runs")
    func gettingStarted() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "tinylora-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }

        // Getting started begins
        var configuration = TrainingConfiguration.demonstration  // 13 parameters on Abacus, the model in the box
        configuration.steps = 4
        let run = try await TrainingRun(configuration, in: folder)
        let trained = try await run.train { event in
            if case .training(.stepFinished(let step)) = event { print(step.step, step.metrics.loss) }
        }

        let model = try LoadedModel(directory: nil)
        let source = try AdapterSource(folder), adapter = try model.adapter(from: source)
        let engine = try model.engine(adapter: adapter, threads: 2)
        var problems = EvaluatedProblems()  // those of Abacus
        problems.limit = 100
        let evaluation = try EvaluationRun(
            of: problems, by: model, engine, adapter: (source, adapter),
            sampling: SamplingParameters(temperature: 0, maxTokens: 128, stopTokens: model.stopTokens))
        let result = try await evaluation.evaluate(evaluation.parts[0])
        print(result.strict.fraction, result.strict.interval.low, result.strict.interval.high)

        let prompt = try model.prompter().prompt(
            for: "Tom has 12 apples. He picks 5 more. How many apples does Tom have now?")
        let request = CompletionRequest(
            prompt: prompt.tokens, streams: [StreamName(.sampling, seed: 1)], adapter: adapter.values,
            sampling: SamplingParameters(temperature: 0, maxTokens: 64, stopTokens: model.stopTokens))
        for try await event in engine.stream(request) {
            if case .token(_, let scored, _) = event { print(try model.requireTokenizer().decode([scored.token])) }
        }
        // Getting started ends

        #expect(trained.adapter.values == adapter.values && result.problemCount == 100)
        let page = try text(of: "Sources/TinyLoRA/TinyLoRA.docc/GettingStarted.md", after: "", before: nil)
        let blocks = page.components(separatedBy: "```swift\n").dropFirst()
        let shown = blocks.map { String($0.prefix(upTo: $0.range(of: "```")?.lowerBound ?? $0.endIndex)) }
        #expect(code(in: shown.joined()) == (try code(between: "Getting started")))
    }

    /// This file's lines between two marks, as a page has them.
    private func code(between mark: String) throws -> [String] {
        let own = try text(
            of: "Tests/TinyRunsTests/ReadmeExampleTests.swift", after: "        // \(mark) begins\n",
            before: "        // \(mark) ends")
        return code(in: own).map { $0.replacing("folder)", with: "\"runs/first\")") }
    }

    /// A file's text between two marks; to its end without the second.
    private func text(of file: String, after start: String, before end: String?) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appending(path: file), encoding: .utf8)
        let from = start.isEmpty ? text.startIndex : try #require(text.range(of: start)).upperBound
        guard let end else { return String(text[from...]) }
        return String(text[from..<(try #require(text[from...].range(of: end)).lowerBound)])
    }

    /// Lines without indentation, blank lines and comments.
    private func code(in text: String) -> [String] {
        text.split(separator: "\n").map { line in
            (line.range(of: "  //").map { String(line[..<$0.lowerBound]) } ?? String(line))
                .trimmingCharacters(in: .whitespaces)
        }
        .filter { !$0.isEmpty }
    }
}
