import Dispatch
import Synchronization
public import TinyFoundation

extension Checkpoint {
    /// A name for the function this model computes: `sha256:` and 64 digits.
    ///
    /// It covers names, types, shapes and bytes of all tensors, in name order, and the part of the configuration that
    /// enters the arithmetic. It does not depend on sharding, paths, dates, the context length, special tokens, or on
    /// whether a tied model also stores its head. Reads every weight, on all cores: about 200 MB/s each.
    ///
    /// - Throws: `unreadable` or `truncatedFile` when a file has been removed or cut short since it was opened.
    public func fingerprint() throws(CheckpointError) -> String {
        let records = tensorNames.compactMap { name in
            stored[name].flatMap { place in place.file.tensors[place.name].map { (name, $0, place.file.mapped) } }
        }
        .filter { name, _, _ in !(configuration.tiesEmbeddings && name == "lm_head.weight") }
        var pieces: [Piece] = []
        for (_, record, file) in records {
            try withCheckpointErrors { () throws(FileError) in try file.checkSize() }
            for start in stride(from: record.range.lowerBound, to: record.range.upperBound, by: Piece.size) {
                pieces.append(Piece(file: file, range: start..<min(start + Piece.size, record.range.upperBound)))
            }
        }
        var digests = digests(of: pieces)[...]
        var hash = SHA256()
        hash.update("tinylora-model/1\n\(arithmeticDescription)\n".utf8)
        for (name, record, _) in records {
            hash.update("\(name.utf8.count) \(name) \(record.typeName) \(record.shape)\n".utf8)
            let count = (record.range.count + Piece.size - 1) / Piece.size
            for digest in digests.prefix(count) { hash.update(digest.bytes) }
            digests = digests.dropFirst(count)
        }
        return "sha256:" + hash.finish().hexadecimal
    }

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
