internal import Foundation
internal import TinyEngine
internal import TinyFoundation
internal import TinyProblems

/// What the untrained model answered, kept so that many runs need not ask it the same again.
///
/// A file per model, arithmetic, problems, prompts and sampling. What cannot be read or written costs time and nothing else.
struct UntrainedCache {
    let directory: String

    init(_ directory: String) { self.directory = directory }

    /// The kept answers, if there are any.
    func result(_ key: String, of set: ProblemSet) -> EvaluationResult? {
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: path(key))),
            let kept = try? JSONDecoder().decode(Kept.self, from: data, named: directory),
            kept.samples.map(\.problem) == set.problems.map(\.id)
        else { return nil }
        return EvaluationResult(
            problemSet: set.name, samples: kept.samples, samplesPerProblem: 1, seconds: kept.seconds)
    }

    /// Keeps answers. Of several processes that do this at once, any wins: all have the same.
    func keep(_ result: EvaluationResult, as key: String) {
        guard result.samplesPerProblem == 1,
            let data = try? JSONEncoder().encode(Kept(seconds: result.seconds, samples: result.samples))
        else { return }
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try? AtomicFile.write(data, to: path(key))
    }

    /// A name for everything that decides the answers and their grades.
    static func key(
        model: String, arithmetic: Arithmetic, set: ProblemSet, prompter: Prompter, sampling: SamplingParameters,
        grader: String
    ) throws -> String {
        var hash = SHA256()
        for part in [
            TinyLoRAVersion.current, model, arithmetic.rawValue, "\(sampling)", grader, "\(prompter.stopTexts)",
        ] {
            hash.update(Array("\(part)\u{0}".utf8))
        }
        for problem in set.problems {
            let prompt = try prompter.prompt(for: problem).text
            hash.update(Array("\(problem.id)\u{0}\(prompt)\u{0}\(problem.answer)\u{0}".utf8))
        }
        return hash.finish().hexadecimal
    }

    private func path(_ key: String) -> String { "\(directory)/\(key.prefix(32)).json" }

    private struct Kept: Codable {
        let seconds: Double
        let samples: [EvaluatedSample]
    }
}
