import Foundation
import Testing
import TinyRecords
import TinyRuns
import TinyTestSupport

/// What `train --dry-run` shows is what the run then does.
@Suite("Outline of a run") struct RunOutlineTests {
    @Test("epochs have as many steps as the run makes", arguments: [false, true])
    func epochs(packing: Bool) async throws {
        try await withTemporaryDirectory { folder in
            let rows = (1...12).map { number in
                let sum = (1...number).map(String.init).joined(separator: " + ")
                return #"{"question": "\#(sum) =", "answer": "5", "solution": "\#(sum) = 5. #### 5"}"#
            }
            try write(rows.joined(separator: "\n") + "\n", to: folder + "/problems.jsonl")
            var settings = TrainingConfiguration(.sft)
            settings.model = fixtures(of: "qwen2-tied").path
            settings.train = folder + "/problems.jsonl"
            settings.epochs = 2
            settings.promptStyle = "plain"
            settings.supervised.examplesPerStep = 1
            settings.supervised.packing = packing
            settings.supervised.maxLength = nil
            settings.evaluation.validationProblems = 2
            var options = TrainingRun.Options()
            options.threads = 1
            options.factorCache = nil
            let outline = try RunOutline(settings, output: "run")
            let run = try await TrainingRun(settings, in: folder + "/run", options: options)
            #expect(outline.configuration.steps == run.configuration.steps)
            #expect(outline.estimate.steps == outline.configuration.steps && outline.configuration.epochs == nil)
            #expect(packing ? outline.configuration.steps < 20 : outline.configuration.steps == 20)
        }
    }
}
