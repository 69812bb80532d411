public import Foundation
import TinyCheckpoint
package import TinyModel
public import TinyFoundation

/// Factors kept on disk, so that a model is factorised once.
///
/// One safetensors file for each model, rank and subspace; it holds the factors of every module requested so far. The
/// cache never makes a run fail: missing, damaged or unreadable factors are computed again, and a failed write is only
/// reported. Several processes may share a directory.
public struct FactorCache: Sendable {
    /// Where the files are; created by the first write.
    public let directory: String
    /// Called with a message whenever a file cannot be used or written.
    public let report: (@Sendable (String) -> Void)?

    /// A cache in this directory.
    public init(directory: String, report: (@Sendable (String) -> Void)? = nil) {
        self.directory = directory
        self.report = report
    }

    /// The cache in ``CacheDirectory/standard(environment:)``; `nil` when there is no such directory.
    ///
    /// - Parameter report: Called when a file cannot be used or written.
    public static func standard(
        environment: [String: String] = ProcessInfo.processInfo.environment,
        report: (@Sendable (String) -> Void)? = nil
    ) -> FactorCache? {
        CacheDirectory.standard(environment: environment).map { FactorCache(directory: $0, report: report) }
    }

    /// The file for one model, rank and subspace.
    public func path(
        fingerprint: String, rank: Int, subspace: FrozenSubspace = .top, seed: UInt64 = 0
    ) -> String {
        path(fingerprint: fingerprint, rank: rank, scheme: subspace.cacheScheme(seed: seed))
    }

    private func path(fingerprint: String, rank: Int, scheme: String) -> String {
        let digest = SHA256.hash("\(fingerprint) \(rank) \(scheme)".utf8).hexadecimal
        return "\(directory)/factors-\(digest.prefix(32)).safetensors"
    }

    /// What the cache holds for a model, by module name; empty when there is nothing usable.
    package func load(fingerprint: String, rank: Int, scheme: String) -> [String: ModuleFactors] {
        let path = path(fingerprint: fingerprint, rank: rank, scheme: scheme)
        guard FileManager.default.fileExists(atPath: path) else { return [:] }
        do {
            let file = try SafetensorsFile(path: path)
            let tensors = try file.tensors.keys.sorted().map { ($0, try file.tensor($0)) }
            let contents = Contents(tensors.map { ($0, $1.shape, $1.floats()) })
            let expected = Self.metadata(
                fingerprint: fingerprint, rank: rank, scheme: scheme, digest: contents.digest)
            guard file.metadata == expected, let factors = contents.factors(rank: rank) else {
                report?("the cached factors in \(path) are damaged and are computed again")
                return [:]
            }
            return factors
        } catch {
            report?("the cached factors cannot be used and are computed again: \(error)")
            return [:]
        }
    }

    /// Replaces what the cache holds for a model.
    package func store(_ factors: [String: ModuleFactors], fingerprint: String, rank: Int, scheme: String) {
        let contents = Contents(factors, rank: rank)
        do {
            try AtomicFile.makeDirectory(directory)
            try SafetensorsWriter.write(
                contents.tensors.map { TensorToWrite(name: $0.name, shape: $0.shape, floats: $0.values) },
                metadata: Self.metadata(
                    fingerprint: fingerprint, rank: rank, scheme: scheme, digest: contents.digest),
                to: path(fingerprint: fingerprint, rank: rank, scheme: scheme))
        } catch {
            report?("the factors are not cached: \(error)")
        }
    }

    private static func metadata(
        fingerprint: String, rank: Int, scheme: String, digest: String
    ) -> [String: String] {
        [
            "base_model_fingerprint": fingerprint, "digest": digest, "factor_scheme": scheme,
            "format": "tinylora-factors", "rank": "\(rank)",
        ]
    }
}

/// The tensors of a cache file: `<module>.A`, `[rank, inputs]`, and `<module>.B`, `[outputs, rank]`, in the order of names.
private struct Contents {
    let tensors: [(name: String, shape: [Int], values: [Float])]

    init(_ tensors: [(name: String, shape: [Int], values: [Float])]) { self.tensors = tensors }

    init(_ factors: [String: ModuleFactors], rank: Int) {
        tensors = factors.sorted { $0.key < $1.key }.flatMap { name, factors in
            [
                (name + ".A", [rank, factors.a.count / rank], factors.a),
                (name + ".B", [factors.b.count / rank, rank], factors.b),
            ]
        }
    }

    /// Covers names, shapes and bits: a flipped bit on the disk must not reach a run.
    var digest: String {
        var hash = SHA256()
        for (name, shape, values) in tensors {
            hash.update("\(name) \(shape)\n".utf8)
            values.withUnsafeBytes { hash.update($0) }
        }
        return "sha256:" + hash.finish().hexadecimal
    }

    /// The pairs; `nil` when half of one is missing or a shape is impossible.
    func factors(rank: Int) -> [String: ModuleFactors]? {
        guard tensors.count.isMultiple(of: 2) else { return nil }
        var factors: [String: ModuleFactors] = [:]
        for place in stride(from: 0, to: tensors.count, by: 2) {
            let (a, b) = (tensors[place], tensors[place + 1])
            let name = String(a.name.dropLast(2))
            guard a.name == name + ".A", b.name == name + ".B", a.shape.first == rank, b.shape.last == rank,
                a.shape.count == 2, b.shape.count == 2
            else { return nil }
            factors[name] = ModuleFactors(a: a.values, b: b.values)
        }
        return factors
    }
}
