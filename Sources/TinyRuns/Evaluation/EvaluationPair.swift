internal import TinyRecords
public import TinyFoundation

/// Two evaluations side by side: the problem sets that both have, and in which ways the evaluations were made differently.
///
/// ```swift
/// let pair = try EvaluationPair(before: EvaluationFolder(reading: "base"), after: EvaluationFolder(reading: "trained"))
/// pair.differences                // temperature 0.0 before, 1.0 after: not only the adapter changed
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
            case "template": return Difference(setting: key, before: brief(mine), after: brief(theirs))
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
