import Foundation
import TinyRecords
import TinyFoundation

/// Reads one run's directory.
struct RunReader {
    let name: String
    let path: String
    let role: SweepRole

    /// The run, or why it has no result.
    func read() -> Result<Run, UnusableFinding> {
        do throws(UnusableFinding) {
            if exists("failure.json") {
                let note: FailureNote = try record("failure.json")
                let after = note.step.map { " (after step \($0))" } ?? ""
                throw UnusableFinding(.failed, note.error + after)
            }
            let settings: Settings = try record("configuration.json")
            let run = Run(
                name: name, path: path, settings: settings, manifest: try record("manifest.json"),
                steps: try steps(), evaluations: try evaluations(), answers: try lines("evaluation-samples.jsonl"),
                role: role)
            guard run.manifest.trainedParameters >= 0 else {
                throw UnusableFinding(
                    .damaged,
                    "manifest.json: trained_parameters is \(run.manifest.trainedParameters), expected 0 or more")
            }
            if let sentence = whatIsMissing(in: run) { throw UnusableFinding(.unfinished, sentence) }
            return .success(run)
        } catch {
            return .failure(error)
        }
    }

    private func steps() throws(UnusableFinding) -> [StepLine] {
        let steps: [StepLine] = try lines("steps.jsonl")
        for (index, step) in steps.enumerated() where step.step != index + 1 {
            throw UnusableFinding(
                .damaged, "steps.jsonl:\(index + 1): the line is step \(step.step), expected \(index + 1)")
        }
        return steps
    }

    private func evaluations() throws(UnusableFinding) -> [EvaluationLine] {
        let evaluations: [EvaluationLine] = try lines("evaluations.jsonl")
        for (index, evaluation) in evaluations.enumerated() {
            if let contradiction = evaluation.contradiction {
                throw UnusableFinding(.damaged, "evaluations.jsonl:\(index + 1): \(contradiction)")
            }
        }
        return evaluations
    }

    /// A run is finished when it has made the steps it was asked for and what was evaluated was evaluated at the end.
    private func whatIsMissing(in run: Run) -> String? {
        let made = run.steps.last?.step ?? 0
        if run.settings["num_train_epochs"] == .absent, let asked = run.settings["max_steps"].number,
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

    private func record<Content: Record>(_ file: String) throws(UnusableFinding) -> Content {
        try readable { () throws(RecordsError) in try Content(contentsOf: path + "/" + file, name: file) }
    }

    private func lines<Line: Record>(_ file: String) throws(UnusableFinding) -> [Line] {
        try readable { () throws(RecordsError) in try Journal<Line>(path: path + "/" + file, name: file).read() }
    }

    private func readable<Value>(_ body: () throws(RecordsError) -> Value) throws(UnusableFinding) -> Value {
        do {
            return try body()
        } catch {
            throw UnusableFinding(.damaged, error.message)
        }
    }
}

/// Why a directory gives no result, before it has a name.
struct UnusableFinding: Error {
    let reason: UnusableRun.Reason
    let sentence: String

    init(_ reason: UnusableRun.Reason, _ sentence: String) {
        self.reason = reason
        self.sentence = sentence
    }
}
