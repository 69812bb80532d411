import Foundation
internal import TinyEngine
public import TinyFoundation
public import TinyProblems

/// Which problems of a file a model solves sometimes: neither always nor never, as sampled evaluations found.
///
/// Algorithms that compare the completions of one problem learn nothing from a problem whose completions are all right or all wrong.
/// Leaving such problems out before training is known as offline difficulty filtering by pass rate.
///
/// ```swift
/// let filter = try PassRateFilter(
///     of: [EvaluationFolder(reading: "evals/train")], problems: "train.jsonl", keeping: 0.2...0.8)
/// filter.kept                                     // 2406
/// try filter.write(to: "train-filtered.jsonl")
/// ```
public struct PassRateFilter: Sendable {
    /// What was found, as `tinylora filter --json` prints it.
    public struct Summary: Sendable, Codable, Hashable {
        /// Problems that were evaluated, from the start of the file.
        public var evaluated: Int
        /// Those whose share of right samples is in the range.
        public var kept: Int
        /// Those whose share is above it.
        public var tooEasy: Int
        /// Those whose share is below it.
        public var tooHard: Int
        /// Problems of the file that were not evaluated, and are not kept.
        public var notEvaluated: Int
        /// Samples of each problem, of all evaluations together.
        public var samplesPerProblem: Int
        /// Problems by their number of right samples, from 0 to all.
        public var problemsByRightSamples: [Int]
        /// Mean share of right samples, in `[0, 1]`.
        public var passRate: Double

        private enum CodingKeys: String, CodingKey {
            case evaluated, kept
            case tooEasy = "too_easy"
            case tooHard = "too_hard"
            case notEvaluated = "not_evaluated"
            case samplesPerProblem = "samples_per_problem"
            case problemsByRightSamples = "problems_by_right_samples"
            case passRate = "pass_rate"
        }
    }

    /// The counts.
    public let summary: Summary
    private let problems: String
    private let rows: [ArraySlice<UInt8>]

    /// Reads the evaluations and the file.
    ///
    /// - Parameters:
    ///   - evaluations: Finished sampled evaluations of the file's problems, or of the first ones. Several must have the same
    ///     settings but for the seed and the number of samples; their samples count together.
    ///   - path: The problem file that was evaluated, JSON Lines.
    ///   - fields: Which keys of it hold the parts, as in the evaluation.
    ///   - range: Shares of right samples that are kept, in `[0, 1]`.
    ///   - rule: When a sample is right.
    /// - Throws: ``RunError`` with code `notPaired` for an evaluation that is not finished, was made of other problems, is greedy
    ///   or does not belong to the others; `noSamples` for a single sample of each problem or failed grades. The errors
    ///   of the files.
    ///
    /// Holds the file and one evaluation's samples in memory.
    public init(
        of evaluations: [EvaluationFolder], problems path: String, fields: ProblemFields = .automatic,
        keeping range: ClosedRange<Double>, by rule: RewardRule = .strict
    ) throws {
        let bytes = [UInt8](try contents(ofFile: path))
        let set = try ProblemSet(bytes: bytes, path: path, fields: fields)
        var right: [Int] = [], samplesPerProblem = 0
        for (index, evaluation) in evaluations.enumerated() {
            try Self.check(evaluation, besides: evaluations[..<index])
            let found = try Self.rightSamples(of: set, in: evaluation, by: rule)
            right = index == 0 ? found : zip(right, found).map { $0 + $1 }
            samplesPerProblem += evaluation.manifest.samplesPerProblem
        }
        guard samplesPerProblem > 1 else {
            throw RunError(
                .noSamples, "one sample of each problem gives no pass rate",
                hint: "tinylora eval --samples 8 --temperature 1 gives one")
        }
        let rates = right.map { Double($0) / Double(samplesPerProblem) }
        var byRight = [Int](repeating: 0, count: samplesPerProblem + 1)
        for count in right { byRight[count] += 1 }
        summary = Summary(
            evaluated: right.count, kept: rates.count { range.contains($0) },
            tooEasy: rates.count { $0 > range.upperBound }, tooHard: rates.count { $0 < range.lowerBound },
            notEvaluated: set.problems.count - right.count, samplesPerProblem: samplesPerProblem,
            problemsByRightSamples: byRight, passRate: rates.reduce(0, +) / Double(max(1, rates.count)))
        problems = path
        rows = zip(ProblemSet.rows(in: bytes), rates).filter { range.contains($1) }.map(\.0)
    }

    /// Writes the rows of the kept problems, byte by byte as they are in the file and in its order.
    ///
    /// - Throws: ``RunError`` with code `noProblems` when none is kept, `invalidValue` when `path` leads to the problem file
    ///   itself.
    ///   `FileError` when the file cannot be written.
    public func write(to path: String) throws {
        guard !rows.isEmpty else {
            throw RunError(
                .noProblems, "no problem of \(problems) has a pass rate in the range, so \(path) is not written")
        }
        guard !isSamePlace(path, problems) else {
            throw RunError(.invalidValue, "\(path) is the problem file itself, which stays as it is")
        }
        try AtomicFile.write(Data(rows.joined(by: UInt8(ascii: "\n"))), to: path)
    }

    /// Refuses an evaluation that has no pass rates, or none that can be added to those of the others.
    private static func check(_ evaluation: EvaluationFolder, besides others: ArraySlice<EvaluationFolder>) throws {
        let manifest = evaluation.manifest
        guard manifest.sampling.temperature > 0 else {
            throw RunError(
                .notPaired, "\(evaluation.path) is greedy (temperature 0), so it has no pass rates",
                hint: "tinylora eval --samples 8 --temperature 1 samples them")
        }
        for other in others {
            guard manifest.seed != other.manifest.seed else {
                throw RunError(
                    .notPaired,
                    "\(evaluation.path) has seed \(manifest.seed), as \(other.path) has: its samples are the same ones",
                    hint: "tinylora eval --seed samples others")
            }
            var same = manifest
            same.seed = other.manifest.seed
            same.samplesPerProblem = other.manifest.samplesPerProblem
            if let difference = same.firstDifference(from: other.manifest) {
                throw RunError(
                    .notPaired,
                    "\(evaluation.path) was made with \(difference.key) \(difference.mine), \(other.path) with "
                        + difference.theirs)
            }
        }
    }

    /// How many samples of each problem are right.
    private static func rightSamples(
        of set: ProblemSet, in evaluation: EvaluationFolder, by rule: RewardRule
    ) throws -> [Int] {
        let manifest = evaluation.manifest, size = max(1, manifest.samplesPerProblem)
        guard
            let entry = manifest.sets.first(where: { entry in
                entry.problems <= set.problems.count && entry.content == set.prefix(entry.problems).contentHash
            })
        else {
            let names = manifest.sets.map { "\($0.problems) problems of \($0.name)" }.joined(separator: ", ")
            throw RunError(
                .notPaired,
                "\(evaluation.path) evaluated other problems than those of \(set.path ?? set.name): \(names)",
                hint: "the file was changed, it is another one, or its parts have other keys here; evaluate it again")
        }
        let samples = try evaluation.samples(of: entry.name)
        guard samples.count == entry.problems * size else {
            throw RunError(
                .notPaired,
                "\(evaluation.path) is not finished: it has \(samples.count / size) of \(entry.problems) problems of "
                    + entry.name,
                hint: "--resume finishes an interrupted evaluation")
        }
        let failed = samples.count { $0.grade.failure != nil }
        if let reason = samples.lazy.compactMap(\.grade.failure).first {
            throw RunError(
                .noSamples, "grading failed for \(failed) of \(samples.count) samples of \(evaluation.path): \(reason)",
                hint: "evaluate again with a grader that succeeds")
        }
        return stride(from: 0, to: samples.count, by: size).map { first in
            samples[first..<first + size].count { rule == .strict ? $0.grade.strict : $0.grade.lenient }
        }
    }
}

extension [ArraySlice<UInt8>] {
    /// The slices, each followed by a byte.
    fileprivate func joined(by end: UInt8) -> [UInt8] { reduce(into: []) { $0 += $1 + [end] } }
}
