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

    private func contents(_ file: String) throws(UnusableFinding) -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: path + "/" + file))
        } catch {
            throw UnusableFinding(.damaged, "\(file) cannot be read: \(systemReason(error))")
        }
    }

    private func record<Content: Record>(_ file: String) throws(UnusableFinding) -> Content {
        try parsed(String(decoding: try contents(file), as: UTF8.self), at: file)
    }

    /// The complete lines of a file; what follows the last line break is torn and left out. Empty without the file.
    private func lines<Line: Record>(_ file: String) throws(UnusableFinding) -> [Line] {
        guard exists(file) else { return [] }
        let bytes = try contents(file)
        var found: [Line] = []
        var start = bytes.startIndex
        while let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) {
            let line = String(decoding: bytes[start..<end], as: UTF8.self)
            found.append(try parsed(line, at: "\(file):\(found.count + 1)"))
            start = end + 1
        }
        return found
    }

    private func parsed<Content: Record>(_ json: String, at place: String) throws(UnusableFinding) -> Content {
        do {
            return try Content(json: json)
        } catch {
            throw UnusableFinding(.damaged, "\(place): \(error.message)")
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
