internal import Foundation
public import TinyAdapter
internal import TinyFoundation
public import TinyRecords
internal import TinyModel
internal import TinyStatistics

/// Which parts of an adapter matter: the same problems are answered with all of it, without each part in turn or with each part
/// alone, and without all of it.
///
///     all/                an evaluation, and the adapter
///     without-group-0/    the same with group 0 at zero, and so on
///     only-group-0/       the same with all other groups at zero, and so on
///     none/               an evaluation of the base model
///     without.json        the numbers, once all of these are done; only.json those of the parts alone
///
/// Each directory is an ``EvaluationFolder``, so that any two can be compared.
///
/// ```swift
/// let ablation = try AdapterAblation(.without, of: adapter, in: "ablation")
/// for variant in ablation.variants {
///     let run = try EvaluationRun(of: problems, by: model, engine, adapter: variant.adapter, …, in: variant.path)
///     _ = try run.finish([await run.evaluate(run.parts[0])])
/// }
/// let report = try ablation.report()
/// ```
public struct AdapterAblation: Sendable {
    /// What is done with a part.
    public enum Kind: String, Sendable, Codable {
        /// It is left out, and the rest compared with the whole adapter: is it needed?
        case without
        /// The rest is left out, and it is compared with the base model: is it enough?
        case only
    }

    /// The adapter with all, some or none of its numbers.
    public struct Variant: Sendable {
        /// Directory of its evaluation.
        public let path: String
        /// In words: `all`, `without group 3`, `none`.
        public let name: String
        /// The part that is left out or alone; `nil` for all and none.
        public let part: AdapterPart?
        /// The adapter, as it was written to the directory; `nil` for the base model.
        public let adapter: (source: AdapterSource, file: AdapterFile)?
    }

    /// What the parts are compared with, a variant for each part that is not zero already, and the other extreme.
    public let variants: [Variant]
    /// Parts that are zero already, and have no variant.
    public let zeroParts: [AdapterPart]
    private let kind: Kind
    private let adapter: AdapterFile
    private let path: String

    /// Makes the directories and writes the adapters into them; those that are there already stay.
    ///
    /// - Throws: ``RunError`` with code `invalidValue` when the adapter does not have two parts that are not zero,
    ///   `differentSettings` when the directories hold another adapter; the errors of files that cannot be written.
    public init(_ kind: Kind, of adapter: AdapterFile, in path: String) throws {
        let parts = adapter.design.parts
        guard !parts.isEmpty else {
            throw RunError(
                .invalidValue, "an adapter of \(adapter.design.description) has no parts that could be left out")
        }
        let isZero = parts.map { part in adapter.values[part.numbers].allSatisfy { $0 == 0 } }
        let tried = zip(parts, isZero).filter { !$1 }.map(\.0)
        guard tried.count > 1 else {
            throw RunError(
                .invalidValue,
                tried.isEmpty
                    ? "all numbers of the adapter are zero: it is the base model"
                    : "only \(tried[0].name) of the adapter is not zero, and without it the adapter is the base model",
                hint: "tinylora eval --compare compares an adapter with the base model")
        }
        self.kind = kind
        self.adapter = adapter
        self.path = path
        zeroParts = zip(parts, isZero).filter { $1 }.map(\.0)
        let all = try Self.variant("all", of: adapter, in: path)
        let none = Variant(path: "\(path)/none", name: "none", part: nil, adapter: nil)
        let between = try tried.map { part in
            let some = kind == .without ? adapter.without(part) : adapter.only(part)
            return try Self.variant("\(kind.rawValue) \(part.name)", part, of: some, in: path)
        }
        variants = kind == .without ? [all] + between + [none] : [none] + between + [all]
    }

    private static func variant(
        _ name: String, _ part: AdapterPart? = nil, of adapter: AdapterFile, in path: String
    ) throws -> Variant {
        let folder = "\(path)/\(name.map { $0 == " " ? "-" : String($0) }.joined())"
        let file = "\(folder)/\(AdapterFile.name)"
        if FileManager.default.fileExists(atPath: file) {
            guard try AdapterFile.load(path: file) == adapter else {
                throw RunError(
                    .differentSettings, "\(path) was made with another adapter: \(file) has other numbers or notes",
                    hint: "choose another directory")
            }
        } else {
            try AtomicFile.makeDirectory(folder)
            try adapter.write(to: file)
        }
        return Variant(path: folder, name: name, part: part, adapter: (try AdapterSource(file), adapter))
    }

    /// Compares the finished evaluations and writes the numbers to the directory.
    ///
    /// - Throws: ``RunError`` with code `notPaired` when one is not complete.
    public func report() throws -> AblationReport {
        let folders = try variants.map { try EvaluationFolder(reading: $0.path) }
        let sets = try folders[0].manifest.sets.map { set in
            let comparisons = try folders.dropFirst().map {
                try EvaluationComparison(of: set.name, before: folders[0], after: $0)
            }
            let adjusted = holmAdjusted(comparisons.dropLast().map(\.test.pValue))
            let parts = zip(variants.compactMap(\.part), zip(comparisons, adjusted)).map { part, result in
                AblatedPart(part, of: adapter, comparison: result.0, adjustedPValue: result.1)
            }
            return AblatedSet(problemSet: set.name, parts: parts, everything: comparisons[comparisons.count - 1])
        }
        let report = AblationReport(
            kind: kind, adapter: adapter.design.description, zeroParts: zeroParts.map(\.name), sets: sets)
        try report.write(to: "\(path)/\(kind.rawValue).json")
        return report
    }
}

/// What ``AdapterAblation`` found.
public struct AblationReport: Record {
    /// What was done with each part.
    public let kind: AdapterAblation.Kind
    /// The adapter in words.
    public let adapter: String
    /// Parts that are zero in it.
    public let zeroParts: [String]
    /// By problem set.
    public let sets: [AblatedSet]

    private enum CodingKeys: String, CodingKey {
        case kind, adapter, sets
        case zeroParts = "zero_parts"
    }
}

/// What an adapter's parts do on one problem set.
public struct AblatedSet: Sendable, Codable, Hashable {
    /// Name of the set.
    public let problemSet: String
    /// Each part left out or alone.
    public let parts: [AblatedPart]
    /// The same with all parts left out, or all of them there.
    public let everything: EvaluationComparison

    private enum CodingKeys: String, CodingKey {
        case parts, everything
        case problemSet = "problem_set"
    }
}

/// What leaving one part out does, or having it alone.
public struct AblatedPart: Sendable, Codable, Hashable {
    /// ``AdapterPart/name``.
    public let name: String
    /// How many numbers it has.
    public let numbers: Int
    /// The numbers, where there are at most 16.
    public let values: [Float]?
    /// Square root of the sum of their squares.
    public let norm: Double
    /// Names of the modules that they change.
    public let modules: [String]
    /// The whole adapter (before) against the adapter without the part (after), or the base model against the part alone.
    public let comparison: EvaluationComparison
    /// The comparison's p-value, adjusted for the number of parts.
    public let adjustedPValue: Double

    private enum CodingKeys: String, CodingKey {
        case name, numbers, values, norm, modules, comparison
        case adjustedPValue = "adjusted_p_value"
    }

    init(_ part: AdapterPart, of adapter: AdapterFile, comparison: EvaluationComparison, adjustedPValue: Double) {
        let values = adapter.values[part.numbers]
        name = part.name
        numbers = values.count
        self.values = values.count <= 16 ? Array(values) : nil
        norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        modules = part.modules.map(\.name)
        self.comparison = comparison
        self.adjustedPValue = adjustedPValue
    }
}
