import Foundation
public import TinyRecords
public import TinyLearning

extension RunDirectory {
    /// How many completions of an evaluation are kept for people to read.
    public static let keptEvaluationSamples = 50

    /// Keeps an evaluation's completions in `evaluation-samples.jsonl`, in place of those of the same step.
    ///
    /// - Throws: ``TrainingError`` with code `unwritable` or `damagedRun`.
    public func write(_ samples: [EvaluationSampleRecord], ofStep step: Int) throws(TrainingError) {
        let name = "evaluation-samples.jsonl"
        var text = ""
        if exists(name), let old = try? String(contentsOfFile: location(name), encoding: .utf8) {
            // A line that cannot be read is torn, and made again below or by the step it belongs to.
            for line in old.split(separator: "\n") {
                if let sample = try? EvaluationSampleRecord(json: String(line)), sample.step != step {
                    text += line + "\n"
                }
            }
        }
        for sample in samples {
            text += try recorded(name) { () throws(RecordsError) in try sample.jsonLine() } + "\n"
        }
        try write(text, to: name)
    }

    /// Says in `failure.json` why the run ended early; whoever goes on with it calls ``forgetFailure()``.
    ///
    /// - Throws: ``TrainingError`` with code `unwritable`.
    public func record(_ failure: FailureRecord) throws(TrainingError) {
        try write(
            recorded("failure.json") { () throws(RecordsError) in try failure.jsonDocument() }, to: "failure.json")
    }

    /// Removes what ``record(_:)`` wrote.
    public func forgetFailure() {
        // Nothing there is the usual case; what cannot be removed is overwritten or shows that the run failed before.
        try? FileManager.default.removeItem(atPath: location("failure.json"))
    }

    /// Steps whose lines are complete, however the run ended.
    public var finishedSteps: Int {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: location(RunFile.steps.rawValue))) else { return 0 }
        return data.count { $0 == UInt8(ascii: "\n") }
    }
}
