internal import Foundation
public import TinyAdapter
internal import TinyFoundation
public import TinyRecords
internal import TinyModel
internal import TinyStatistics

/// Which parts of an adapter matter: the same problems are answered by the whole adapter, by the base model, and between the two
/// without one part at a time or with one part alone.
///
///     all/                an evaluation by the whole adapter, and the adapter
///     without-group-0/    the same with group 0 at zero, and so on
///     only-group-0/       the same with all other groups at zero, and so on
///     none/               an evaluation by the base model
///     without.json        the numbers, once all of these are done; only.json those of the parts alone
///     .lock               locked by the process that writes
///
/// Each directory is an ``EvaluationFolder``, so that any two can be compared.
///
/// ```swift
/// let plan = try EvaluationRun(of: problems, by: model, engine, sampling: sampling)
/// let ablation = try AdapterAblation(.without, of: adapter, asking: plan.manifest, in: "ablation", isResuming: false)
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
        /// The adapter in the directory; `nil` for the base model.
        public let adapter: (source: AdapterSource, file: AdapterFile)?
    }

    /// `all`, the parts that are not zero already, `none`; for ``Kind/only`` the other way round. The first is what the others are
    /// compared with.
    public let variants: [Variant]
    /// Parts that are zero already, and have no variant.
    public let zeroParts: [AdapterPart]
    private let kind: Kind
    private let adapter: AdapterFile
    private let path: String
    /// Held as long as the value lives.
    private let lock: DirectoryLock

    /// Checks everything that is in the directory already, then writes the adapters into it.
    ///
    /// - Parameters:
    ///   - kind: What is done with each part.
    ///   - adapter: Has at least two parts that are not zero.
    ///   - manifest: What decides the samples of all evaluations, but the adapter.
    ///   - path: The directory.
    ///   - isResuming: Whether evaluations that are in it are continued.
    /// - Throws: ``RunError`` with code `invalidValue` for another adapter, `alreadyExists` for an evaluation that is not to be
    ///   continued, `differentSettings` where the directory was made with other settings or another adapter, `directoryInUse` when
    ///   another process writes into it; the errors of files.
    public init(
        _ kind: Kind, of adapter: AdapterFile, asking manifest: EvaluationManifest, in path: String, isResuming: Bool
    ) throws {
        let parts = adapter.design.parts
        guard !parts.isEmpty else {
            throw RunError(.invalidValue, "full fine-tuning changes all weights: there are no groups to leave out")
        }
        let zeroParts = parts.filter { part in part.values(in: adapter).allSatisfy { $0 == 0 } }
        let tried = parts.filter { !zeroParts.contains($0) }
        guard tried.count > 1 else {
            throw RunError(
                .invalidValue,
                tried.isEmpty
                    ? "all numbers of the adapter are zero: it is the base model"
                    : parts.count == 1
                        ? "the adapter has one group only, and without it it is the base model"
                        : "only \(tried[0].name) of the adapter is not zero, and without it it is the base model",
                hint: "tinylora eval --compare compares an adapter with the base model")
        }
        self.kind = kind
        self.adapter = adapter
        self.path = path
        self.zeroParts = zeroParts
        let between = tried.map { part in
            let name = "\(kind.rawValue) \(part.name)"
            let zeroed = kind == .without ? [part] : parts.filter { $0 != part }
            return (name: name, part: part as AdapterPart?, file: adapter.zeroing(zeroed, note: name) as AdapterFile?)
        }
        try EvaluationFolder.requireDistinctFiles(for: manifest)
        let wanted = [("all", nil, adapter)] + between + [("none", nil, nil)]
        func folder(_ name: String) -> String { "\(path)/\(name.map { $0 == " " ? "-" : String($0) }.joined())" }
        for (name, _, file) in wanted {
            try Self.check(folder(name), manifest, adapter: file, isResuming: isResuming)
        }
        lock = try DirectoryLock(making: path)
        let variants = try wanted.map { name, part, file in
            let own = try file.map { try Self.written($0, in: folder(name)) }
            return Variant(path: folder(name), name: name, part: part, adapter: own)
        }
        self.variants = kind == .without ? variants : variants.reversed()
    }

    /// Refuses what is in a directory already and does not fit.
    private static func check(
        _ folder: String, _ manifest: EvaluationManifest, adapter: AdapterFile?, isResuming: Bool
    ) throws {
        let file = "\(folder)/\(AdapterFile.name)"
        var manifest = manifest
        if let adapter, FileManager.default.fileExists(atPath: file) {
            let found = try AdapterFile.load(path: file)
            guard
                AnyHashable(found.design) == AnyHashable(adapter.design) && found.values == adapter.values
                    && found.baseModel.fingerprint == adapter.baseModel.fingerprint
            else {
                throw RunError(
                    .differentSettings, "\(file) has other numbers: the directory was made with another adapter",
                    hint: "choose another directory")
            }
            manifest.adapter = try AdapterSource(file).fingerprint()
        }
        _ = try EvaluationFolder.check(folder, manifest: manifest, resuming: isResuming)
    }

    /// The adapter in a directory: the one that is there, or this one.
    private static func written(
        _ adapter: AdapterFile, in folder: String
    ) throws -> (source: AdapterSource, file: AdapterFile) {
        let file = "\(folder)/\(AdapterFile.name)"
        if !FileManager.default.fileExists(atPath: file) {
            try AtomicFile.makeDirectory(folder)
            try adapter.write(to: file)
        }
        return (try AdapterSource(file), try AdapterFile.load(path: file))
    }

    /// Compares the finished evaluations and writes the numbers to the directory.
    ///
    /// - Throws: ``RunError`` with code `notPaired` when one is not complete, `damagedRecords` when one was not started.
    public func report() throws -> AblationReport {
        let folders = try variants.map { try EvaluationFolder(reading: $0.path) }
        let sets = try folders[0].manifest.sets.map { set in
            let comparisons = try folders.dropFirst().map {
                try EvaluationComparison(of: set.name, before: folders[0], after: $0)
            }
            // The last comparison is of the two extremes, not of a part.
            let adjusted = holmAdjusted(try comparisons.dropLast().map { try Self.test(of: $0).pValue })
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

    /// The test of a comparison. All evaluations have as many samples as the first, unless someone replaced one.
    private static func test(of comparison: EvaluationComparison) throws(RunError) -> PairedComparison {
        guard let test = comparison.test else {
            throw RunError(
                .notPaired,
                "the evaluations of \(comparison.problemSet) have different numbers of samples of each problem")
        }
        return test
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

/// What an adapter's parts do to the answers to one problem set.
public struct AblatedSet: Sendable, Codable, Hashable {
    /// Name of the set.
    public let problemSet: String
    /// Each part's comparison.
    public let parts: [AblatedPart]
    /// The whole adapter (before) against the base model (after), or the other way round.
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
    /// ``AdapterPart/count``.
    public let count: Int
    /// The numbers, where there are at most 16.
    public let values: [Float]?
    /// Square root of the sum of their squares.
    public let norm: Double
    /// ``AdapterPart/place``.
    public let place: String
    /// Names of the modules that they change.
    public let modules: [String]
    /// The whole adapter (before) against the adapter without the part (after), or the base model against the part alone.
    public let comparison: EvaluationComparison
    /// The comparison's p-value, adjusted for the number of parts.
    public let adjustedPValue: Double

    private enum CodingKeys: String, CodingKey {
        case name, count, values, norm, place, modules, comparison
        case adjustedPValue = "adjusted_p_value"
    }

    init(_ part: AdapterPart, of adapter: AdapterFile, comparison: EvaluationComparison, adjustedPValue: Double) {
        let values = part.values(in: adapter)
        name = part.name
        count = part.count
        self.values = values.count <= 16 ? values : nil
        norm = values.reduce(0) { $0 + Double($1) * Double($1) }.squareRoot()
        place = part.place
        modules = part.modules.map(\.name)
        self.comparison = comparison
        self.adjustedPValue = adjustedPValue
    }
}
