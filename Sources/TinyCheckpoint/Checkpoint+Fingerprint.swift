import Dispatch
import Synchronization
public import TinyFoundation

extension Checkpoint {
    /// A name for the function this model computes: `sha256:` and 64 digits; for a GGUF file `gguf-sha256:` and 64 digits.
    ///
    /// It covers names, types, shapes and bytes of all tensors, in name order, and the part of the configuration that
    /// enters the arithmetic. It does not depend on sharding, paths, dates, the context length, special tokens, or on
    /// whether a tied model also stores its head. A GGUF file and a directory of the same model have different names, as their
    /// weights differ by rounding or at least in how they are stored. Reads every weight, on all cores: about 2 GB/s each
    /// where the processor has instructions for SHA-256, 200 MB/s where it has not.
    ///
    /// - Parameter cache: What keeps the result as long as the files do not change.
    /// - Throws: `unreadable` or `truncatedFile` when a file has been removed or cut short since it was opened.
    public func fingerprint(cache: FingerprintCache? = nil) throws(CheckpointError) -> String {
        guard let cache else { return try computedFingerprint() }
        let files = Dictionary(stored.values.map { ($0.file.path, $0.file) }, uniquingKeysWith: { first, _ in first })
            .sorted { $0.key < $1.key }.map(\.value)
        let description = "\(scheme) \(arithmeticDescription)"
        if let known = cache.fingerprint(of: files, description) { return known }
        let fingerprint = try computedFingerprint()
        cache.keep(fingerprint, of: files, description)
        return fingerprint
    }

    private var scheme: String { gguf == nil ? "tinylora-model/1" : "tinylora-gguf/1" }

    private func computedFingerprint() throws(CheckpointError) -> String {
        let places = tensorNames.filter { !(configuration.tiesEmbeddings && $0 == "lm_head.weight") }
            .compactMap { name in stored[name].map { (name, $0) } }
        var pieces: [Piece] = []
        for (_, place) in places {
            let range = place.record.range
            try withCheckpointErrors { () throws(FileError) in try place.file.checkSize() }
            for start in stride(from: range.lowerBound, to: range.upperBound, by: Piece.size) {
                pieces.append(Piece(file: place.file, range: start..<min(start + Piece.size, range.upperBound)))
            }
        }
        var digests = digests(of: pieces)[...]
        var hash = SHA256()
        hash.update("\(scheme)\n\(arithmeticDescription)\n".utf8)
        for (name, place) in places {
            let record = place.record
            hash.update("\(name.utf8.count) \(name) \(record.typeName) \(record.shape)\n".utf8)
            let count = (record.range.count + Piece.size - 1) / Piece.size
            for digest in digests.prefix(count) { hash.update(digest.bytes) }
            digests = digests.dropFirst(count)
        }
        return (gguf == nil ? "" : Self.ggufMark) + "sha256:" + hash.finish().hexadecimal
    }

    private static let ggufMark = "gguf-"

    /// Whether a fingerprint is that of a GGUF file.
    package static func isOfGGUF(fingerprint: String) -> Bool { fingerprint.hasPrefix(ggufMark) }

    /// What of the configuration enters the arithmetic, as text. Part of the scheme: changing it renames every model.
    private var arithmeticDescription: String {
        let c = configuration
        let always = [
            c.architecture.rawValue, "\(c.vocabularySize)", "\(c.hiddenSize)", "\(c.intermediateSize)",
            "\(c.layerCount)", "\(c.headCount)", "\(c.keyValueHeadCount)", "\(c.headDimension)",
            "\(c.normEpsilon.bitPattern)", "\(c.ropeTheta.bitPattern)", "\(c.tiesEmbeddings)", "\(c.hasAttentionBias)",
        ]
        // Named only where they are there, so that models without them keep their names.
        let sometimes = [
            c.ropeScaling?.fingerprintText, c.hasFeedForwardBias ? "feed-forward-bias" : nil,
            c.layersWithoutRotary.isEmpty
                ? nil : "unrotated:" + c.layersWithoutRotary.map(String.init).joined(separator: ","),
        ]
        return (always + sometimes.compactMap { $0 }).joined(separator: " ")
    }
}

/// A stretch of a file that is hashed on its own, so that one large table keeps all cores busy.
private struct Piece: Sendable {
    /// Part of the scheme: changing it renames every model.
    static let size = 16 << 20

    let file: MappedFile
    let range: Range<Int>
}

/// The hash of each piece, computed on all cores; results land by index.
private func digests(of pieces: [Piece]) -> [SHA256.Digest] {
    let results = Mutex([SHA256.Digest?](repeating: nil, count: pieces.count))
    DispatchQueue.concurrentPerform(iterations: pieces.count) { index in
        let piece = pieces[index]
        let digest = piece.file.withBytes { SHA256.hash(UnsafeRawBufferPointer(rebasing: $0[piece.range])) }
        results.withLock { $0[index] = digest }
    }
    return results.withLock { $0.compactMap { $0 } }
}
