internal import Foundation
internal import TinyFoundation
internal import TinyRecords

// The answers of an evaluation that is under way: one that takes hours and is interrupted goes on where it was.
extension RunDirectory {
    /// Where the answers of an evaluation are kept until it has its line in `evaluations.jsonl`.
    ///
    /// The name tells which numbers answer: a run that goes back to an earlier step may come to others, if a server samples.
    ///
    /// - Parameters:
    ///   - split: Which problems are asked.
    ///   - step: The step after which they are asked.
    ///   - values: The numbers that answer; `nil` for the base model.
    func answers(_ split: EvaluationSplit, after step: Int, by values: [Float]?) -> Journal<EvaluatedSample> {
        let numbers = values.map { values in
            "-" + SHA256.hash(values.withUnsafeBytes { Array($0) }).hexadecimal.prefix(12)
        }
        return Journal(path: location("evaluating-\(split.rawValue)-\(step)\(numbers ?? "").jsonl"))
    }

    /// Removes the answers of an evaluation that is finished. A file that stays does no harm.
    func forget(_ answers: Journal<EvaluatedSample>) { try? FileManager.default.removeItem(atPath: answers.path) }
}
