internal import TinyRecords
public import TinyFoundation

/// Two evaluations side by side: the problem sets that both have, and in which ways the evaluations were made differently.
///
/// ```swift
/// let pair = try EvaluationPair(before: EvaluationFolder(reading: "base"), after: EvaluationFolder(reading: "trained"))
/// pair.differences                // temperature 0.0 before, 1.0 after: not only the adapter changed
/// let runs = try EvaluationPair(reading: "runs/grpo", and: "runs/sft")
/// runs.comparisons[0].test        // after the last step of each
/// ```
public struct EvaluationPair: Sendable, Encodable {
    /// A setting that differs.
    public struct Difference: Sendable, Encodable, Hashable {
        /// Its key; that of a problem set begins with the set's name.
        public let setting: String
        /// Its value in the first evaluation.
        public let before: String
        /// Its value in the second.
        public let after: String
    }

    /// Each set that both have, in the order of the first.
    public let comparisons: [EvaluationComparison]
    /// Settings that differ, except the adapter and the seed: such a difference may change answers by itself.
    public let differences: [Difference]
    /// Sets that only the first evaluation has.
    public let onlyBefore: [String]
    /// Sets that only the second has.
    public let onlyAfter: [String]

    private enum CodingKeys: String, CodingKey {
        case comparisons, differences
        case onlyBefore = "only_before"
        case onlyAfter = "only_after"
    }

    /// Compares two directories.
    ///
    /// - Throws: ``RunError`` with code `notPaired` when a set that both have has different problems, or one evaluation of it is not
    ///   complete.
    public init(before: EvaluationFolder, after: EvaluationFolder) throws(RunError) {
        let names = [before, after].map { $0.manifest.sets.map(\.name) }
        let common = names[0].filter(names[1].contains)
        onlyBefore = names[0].filter { !common.contains($0) }
        onlyAfter = names[1].filter { !common.contains($0) }
        comparisons = try common.map { set throws(RunError) in
            try EvaluationComparison(of: set, before: before, after: after)
        }
        differences = Self.differences(before.manifest, after.manifest, in: common)
    }

    /// Compares two directories, each with an evaluation or with a finished training run, of which it takes the evaluation on test
    /// problems after the last step.
    ///
    /// - Throws: As ``init(before:after:)``; where one is a run, also when the two were not asked the same problems in the same way.
    public init(reading before: String, and after: String) throws(RunError) {
        switch (try Side(reading: before), try Side(reading: after)) {
        case (.folder(let before), .folder(let after)): try self.init(before: before, after: after)
        case (.run(let before), .run(let after)): try self.init(AskedSet(before), AskedSet(after))
        case (.run(let before), .folder(let after)):
            let (run, folder) = try AskedSet.pair(before, after)
            try self.init(run, folder)
        case (.folder(let before), .run(let after)):
            let (run, folder) = try AskedSet.pair(after, before)
            try self.init(folder, run)
        }
    }

    /// A directory to compare.
    private enum Side {
        case folder(EvaluationFolder)
        case run(EvaluatedRun)

        init(reading path: String) throws(RunError) {
            if EvaluatedRun.isRun(path) {
                self = .run(try EvaluatedRun(reading: path))
            } else {
                self = .folder(try EvaluationFolder(reading: path))
            }
        }
    }

    /// Compares a set of which a training run recorded one side.
    private init(_ before: AskedSet, _ after: AskedSet) throws(RunError) {
        let names = [before, after].map { $0.settings.sets[0].name }
        let found =
            names[0] == names[1]
            ? Self.differences(before.settings, after.settings, in: [names[0]])
            : [Difference(setting: "problem set", before: names[0], after: names[1])]
        // What comes with the model or the machine is told; another question, limit or grader is another evaluation.
        func isAsked(_ difference: Difference) -> Bool {
            ["problem set", "max_tokens"].contains(difference.setting) || difference.setting.hasPrefix(names[0] + ".")
        }
        let asked = found.filter(isAsked)
        guard asked.isEmpty else {
            throw RunError(
                .notPaired,
                "\(before.path) and \(after.path) were not asked the same problems in the same way: "
                    + asked.map { "\($0.setting) \($0.before) and \($0.after)" }.joined(separator: ", "),
                hint: "tinylora eval evaluates both adapters in the same way")
        }
        comparisons = [EvaluationComparison(of: names[0], before: before.answers, after: after.answers)]
        differences = found
        onlyBefore = before.otherSets
        onlyAfter = after.otherSets
    }

    private static func differences(
        _ before: EvaluationManifest, _ after: EvaluationManifest, in common: [String]
    ) -> [Difference] {
        var before = before, after = after
        before.sets = common.compactMap { name in before.sets.first { $0.name == name } }
        after.sets = common.compactMap { name in after.sets.first { $0.name == name } }
        after.adapter = before.adapter
        after.seed = before.seed
        let found = before.differences(from: after), keys = Set(found.map(\.key))
        return found.compactMap { key, mine, theirs in
            switch key {
            case "model": return Difference(setting: key, before: "\(before.model)", after: "\(after.model)")
            case _ where key == "template" || key.hasSuffix(".content"):
                return Difference(setting: key, before: brief(mine), after: brief(theirs))
            case _ where key.hasSuffix(promptsSuffix):
                // Another template or style says why the prompts are others.
                let style = key.dropLast(promptsSuffix.count) + ".prompt_style"
                guard !keys.contains("template"), !keys.contains(String(style)) else { return nil }
                return Difference(setting: key, before: brief(mine), after: brief(theirs))
            default: return Difference(setting: key, before: mine, after: theirs)
            }
        }
    }

    private static let promptsSuffix = ".prompts"

    /// The first digits of a hash.
    private static func brief(_ hash: String) -> String { String(hash.prefix(12)) }
}

/// One side of a pair with a training run: a problem set, how it was asked, and what is known of the answers.
private struct AskedSet {
    /// The directory.
    let path: String
    /// Of this set alone.
    let settings: EvaluationManifest
    let answers: AnswerTotals
    /// Names of the directory's other sets.
    var otherSets: [String] = []

    /// A run's test problems, to be compared with those of another run.
    init(_ run: EvaluatedRun) {
        self.init(path: run.path, settings: run.settings, answers: run.totals)
    }

    private init(path: String, settings: EvaluationManifest, answers: AnswerTotals) {
        self.path = path
        self.settings = settings
        self.answers = answers
    }

    /// A run's test problems, and the set of an evaluation that has the same ones. It may have another name: what is `gsm8k` by name
    /// is `gsm8k/test` as a file.
    static func pair(
        _ run: EvaluatedRun, _ evaluation: EvaluationFolder
    ) throws(RunError) -> (run: AskedSet, evaluation: AskedSet) {
        var settings = try run.completeSettings(), other = evaluation.manifest
        guard let entry = other.sets.first(where: { $0.content == settings.sets[0].content }) else {
            throw RunError(
                .notPaired,
                "\(evaluation.path) has no problem set that is the \(run.evaluation.problems) problems of "
                    + "\(run.evaluation.problemSet) in \(run.path)",
                hint: "evaluate as many problems of the same file; --limit says how many")
        }
        settings.sets[0].name = entry.name
        other.sets = [entry]
        let (samples, size) = try evaluation.allSamples(of: entry)
        var folder = AskedSet(
            path: evaluation.path, settings: other,
            answers: AnswerTotals(samples, size: size, arithmetic: other.arithmetic))
        folder.otherSets = evaluation.manifest.sets.map(\.name).filter { $0 != entry.name }
        return (AskedSet(path: run.path, settings: settings, answers: run.totals), folder)
    }
}
