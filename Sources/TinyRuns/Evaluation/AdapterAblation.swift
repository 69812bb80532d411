internal import Foundation
public import TinyAdapter
internal import TinyFoundation
internal import TinyModel
internal import TinyRecords
internal import TinyStatistics

/// Which parts of an adapter matter, and whether it is too weak or too strong: the same problems are answered by the adapter, by the base
/// model, and by the adapter without one part at a time, with one part alone, or with all numbers multiplied by some factors.
///
///     all/                an evaluation by the adapter as it is, and the adapter
///     without-group-0/    the same with group 0 at zero, and so on
///     only-group-0/       the same with all other groups at zero, and so on
///     times-2/            the same with all numbers doubled, and so on
///     none/               an evaluation by the base model
///     without.json        the numbers, once all of these are done; only.json and scaled.json likewise
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
    /// What is changed.
    public enum Kind: Sendable {
        /// One part is left out, and the rest compared with the whole adapter: is it needed?
        case without
        /// The rest is left out, and the part compared with the base model: is it enough?
        case only
        /// All numbers are multiplied by a factor, and the result is compared with the base model: is the adapter too weak, or too strong?
        ///
        /// The factors come in any order. They differ from each other, from 0 and from 1, and there is one at least.
        case scaled(by: [Float])

        /// As it is written in files.
        var name: AblationReport.Kind {
            switch self {
            case .without: .without
            case .only: .only
            case .scaled: .scaled
            }
        }
    }

    /// The adapter as it is, changed, or left out.
    public struct Variant: Sendable {
        /// Directory of its evaluation.
        public let path: String
        /// In words: `all`, `without group 3`, `times 2`, `none`.
        public let name: String
        /// The adapter in the directory; `nil` for the base model.
        public let adapter: (source: AdapterSource, file: AdapterFile)?
    }

    /// One thing that is tried between the whole adapter and the base model.
    private struct Change {
        /// Of the variant.
        let name: String
        /// The adapter that results.
        let file: AdapterFile
        /// In the report.
        let subject: AblationEffect.Subject
    }

    /// The adapter, its changes, the base model; for ``Kind/only`` and ``Kind/scaled(by:)`` the base model first. The first is what the others
    /// are compared with.
    public let variants: [Variant]
    /// Parts that are zero already, and are neither left out nor kept alone; empty for ``Kind/scaled(by:)``.
    public let zeroParts: [AdapterPart]
    private let changes: [Change]
    private let kind: AblationReport.Kind
    private let adapter: AdapterFile
    private let path: String
    /// Held as long as the value lives.
    private let lock: DirectoryLock

    /// Checks everything that is in the directory already, then writes the adapters into it.
    ///
    /// - Parameters:
    ///   - kind: What is changed.
    ///   - adapter: Has at least two parts that are not zero; one for ``Kind/scaled(by:)``.
    ///   - manifest: What decides the samples of all evaluations, but the adapter.
    ///   - path: The directory.
    ///   - isResuming: Whether evaluations that are in it are continued.
    /// - Throws: ``RunError`` with code `invalidValue` for another adapter or other factors, `alreadyExists` for an evaluation that is not
    ///   to be continued, `differentSettings` where the directory was made with other settings or another adapter, `directoryInUse` when
    ///   another process writes into it; `AdapterError` where a product is too large for the adapter's type; the errors of files.
    public init(
        _ kind: Kind, of adapter: AdapterFile, asking manifest: EvaluationManifest, in path: String, isResuming: Bool
    ) throws {
        if case .scaled(let factors) = kind {
            zeroParts = []
            changes = try Self.scaled(adapter, by: factors)
        } else {
            zeroParts = adapter.design.parts.filter { part in part.values(in: adapter).allSatisfy { $0 == 0 } }
            changes = try Self.divided(adapter, kind.name, without: zeroParts)
        }
        self.kind = kind.name
        self.adapter = adapter
        self.path = path
        try EvaluationFolder.requireDistinctFiles(for: manifest)
        let wanted = [("all", adapter as AdapterFile?)] + changes.map { ($0.name, $0.file) } + [("none", nil)]
        func folder(_ name: String) -> String { "\(path)/\(name.map { $0 == " " ? "-" : String($0) }.joined())" }
        for (name, file) in wanted {
            try Self.check(folder(name), manifest, adapter: file, isResuming: isResuming)
        }
        lock = try DirectoryLock(making: path)
        let variants = try wanted.map { name, file in
            Variant(path: folder(name), name: name, adapter: try file.map { try Self.written($0, in: folder(name)) })
        }
        let middle = variants.dropFirst().dropLast(), whole = variants[0], base = variants[variants.count - 1]
        self.variants = self.kind == .without ? variants : [base] + middle + [whole]
    }

    /// The adapter without each part, or with each alone.
    private static func divided(
        _ adapter: AdapterFile, _ kind: AblationReport.Kind, without zeroParts: [AdapterPart]
    ) throws(RunError) -> [Change] {
        let parts = adapter.design.parts
        guard !parts.isEmpty else {
            throw RunError(.invalidValue, "full fine-tuning changes all weights: there are no groups to leave out")
        }
        let tried = parts.filter { !zeroParts.contains($0) }
        guard tried.count > 1 else {
            throw RunError(
                .invalidValue,
                tried.isEmpty
                    ? allZero
                    : parts.count == 1
                        ? "the adapter has one group only, and without it it is the base model"
                        : "only \(tried[0].name) of the adapter is not zero, and without it it is the base model",
                hint: "tinylora eval --compare compares an adapter with the base model")
        }
        return tried.map { part in
            let name = "\(kind.rawValue) \(part.name)"
            let zeroed = kind == .without ? [part] : parts.filter { $0 != part }
            return Change(
                name: name, file: adapter.zeroing(zeroed, note: name),
                subject: AblationEffect.Subject(name: part.name, part: part, values: part.values(in: adapter)))
        }
    }

    /// The adapter times each factor, in ascending order.
    private static func scaled(_ adapter: AdapterFile, by factors: [Float]) throws -> [Change] {
        guard let part = adapter.design.wholePart else {
            throw RunError(.invalidValue, "full fine-tuning changes all weights: there are no numbers to multiply")
        }
        guard part.values(in: adapter).contains(where: { $0 != 0 }) else { throw RunError(.invalidValue, allZero) }
        guard !factors.isEmpty else { throw RunError(.invalidValue, "there is no factor to multiply the numbers by") }
        if let factor = factors.first(where: { !$0.isFinite || $0 == 0 || $0 == 1 }) {
            throw RunError(
                .invalidValue,
                factor.isFinite
                    ? "the factor \(decimal(factor)) is always tried: times 0 is the base model, times 1 the adapter"
                    : "the factor \(factor) is not a finite number")
        }
        let ascending = factors.sorted()
        if let (factor, _) = zip(ascending, ascending.dropFirst()).first(where: { $0 == $1 }) {
            throw RunError(.invalidValue, "the factor \(decimal(factor)) is given twice")
        }
        var known = [adapter.values]
        return try ascending.map { factor in
            let name = "times \(decimal(factor))", file = try adapter.scaling(part, by: factor, note: name)
            let values = part.values(in: file)
            guard values.contains(where: { $0 != 0 }), !known.contains(file.values) else {
                throw RunError(
                    .invalidValue,
                    "the factor \(decimal(factor)) makes no other adapter: its numbers, rounded to "
                        + "\(adapter.elementType.safetensorsName), are all 0 or those of another factor")
            }
            known.append(file.values)
            return Change(
                name: name, file: file,
                subject: AblationEffect.Subject(name: name, part: part, values: values, factor: factor))
        }
    }

    private static let allZero = "all numbers of the adapter are zero: it is the base model"

    /// `2` and `0.5`: digits that read back as the same number, without a fraction of zero.
    private static func decimal(_ factor: Float) -> String {
        let text = "\(factor)"
        return text.hasSuffix(".0") ? String(text.dropLast(2)) : text
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
            // The last comparison is of the adapter with the base model, not of a change.
            let adjusted = holmAdjusted(try comparisons.dropLast().map { try Self.test(of: $0).pValue })
            let effects = zip(changes, zip(comparisons, adjusted)).map { change, result in
                AblationEffect(of: change.subject, comparison: result.0, adjustedPValue: result.1)
            }
            return AblatedSet(problemSet: set.name, effects: effects, everything: comparisons[comparisons.count - 1])
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
