import Foundation
import TinyRecords
import TinyFoundation

/// Reads one run's directory.
struct RunReader {
    let name: String
    let path: String
    let role: SweepRole

    /// The run.
    ///
    /// - Throws: Why it has no result.
    func read() throws(UnusableRun) -> RecordedRun {
        if exists("failure.json") {
            let note: FailureNote = try record("failure.json")
            throw unusable(.failed, note.error + (note.step.map { " (after step \($0))" } ?? ""))
        }
        let run = RecordedRun(
            name: name, path: path, settings: try record("configuration.json"),
            manifest: try record("manifest.json"), steps: try steps(), evaluations: try evaluations(),
            answers: try lines("evaluation-samples.jsonl"), role: role)
        let parameters = run.manifest.trainedParameters
        guard parameters >= 0 else {
            throw unusable(.damaged, "manifest.json: trained_parameters is \(parameters), expected 0 or more")
        }
        if let sentence = whatIsMissing(in: run) { throw unusable(.unfinished, sentence) }
        return run
    }

    private func unusable(_ reason: UnusableRun.Reason, _ sentence: String) -> UnusableRun {
        UnusableRun(name: name, path: path, reason: reason, sentence: sentence)
    }

    private func steps() throws(UnusableRun) -> [StepLine] {
        let steps: [StepLine] = try lines("steps.jsonl")
        for (index, step) in steps.enumerated() where step.step != index + 1 {
            throw unusable(
                .damaged, "steps.jsonl:\(index + 1): the line is step \(step.step), expected \(index + 1)")
        }
        return steps
    }

    private func evaluations() throws(UnusableRun) -> [EvaluationLine] {
        let evaluations: [EvaluationLine] = try lines("evaluations.jsonl")
        for (index, evaluation) in evaluations.enumerated() {
            if let contradiction = evaluation.contradiction {
                throw unusable(.damaged, "evaluations.jsonl:\(index + 1): \(contradiction)")
            }
        }
        return evaluations
    }

    /// A run is finished when it has all steps of its configuration and, if it was evaluated at all, an evaluation after the last.
    private func whatIsMissing(in run: RecordedRun) -> String? {
        let made = run.steps.last?.step ?? 0
        if run.settings["num_train_epochs"] == .null, let asked = run.settings["max_steps"].magnitude,
            Double(made) < asked
        {
            return "stopped after step \(made) of \(shortest(asked))"
        }
        guard made > 0 else { return "has no step yet" }
        guard let last = run.evaluations.map(\.step).max() else { return nil }
        return last < made ? "evaluated up to step \(last), stopped before the evaluation after step \(made)" : nil
    }

    // MARK: Files

    private func exists(_ file: String) -> Bool { FileManager.default.fileExists(atPath: path + "/" + file) }

    private func record<Content: Record>(_ file: String) throws(UnusableRun) -> Content {
        try readable { () throws(RecordsError) in try Content(contentsOf: path + "/" + file, name: file) }
    }

    private func lines<Line: Record>(_ file: String) throws(UnusableRun) -> [Line] {
        try readable { () throws(RecordsError) in try Journal<Line>(path: path + "/" + file, name: file).read() }
    }

    private func readable<Value>(_ body: () throws(RecordsError) -> Value) throws(UnusableRun) -> Value {
        do {
            return try body()
        } catch {
            throw unusable(.damaged, error.message)
        }
    }
}
