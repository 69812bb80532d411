import TinyLoRA

/// Causal attention of whole sequences, divided over threads as the model divides it.
final class AttentionBench {
    private let heads: Int
    private let keyValueHeads: Int
    private let width: Int
    private let length: Int
    private let sequences: Int
    private let team: WorkerTeam
    private let q: Matrix
    private let out: Matrix
    private let stats: Matrix
    private let dOut: Matrix
    private let dq: Matrix
    private let dk: Matrix
    private let dv: Matrix
    /// Owns what `pages` points to.
    private let memory: FloatBuffer
    /// Of sequence s and key/value head h, at `s · keyValueHeads + h`.
    private let pages: [[UnsafePointer<Float>?]]
    /// Rows of one piece of the forward pass: as in the model.
    private static let pieceRows = 64

    private var group: Int { heads / keyValueHeads }

    private init(heads: Int, keyValueHeads: Int, width: Int, length: Int, team: WorkerTeam) {
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.width = width
        self.length = length
        self.team = team
        sequences = (team.threads + keyValueHeads - 1) / keyValueHeads  // the backward pass has one piece per head
        let rows = sequences * length
        q = RandomNumbers.matrix(rows, heads * width)
        out = Matrix(rows: rows, columns: heads * width)
        stats = Matrix(rows: rows, columns: 2 * heads)
        dOut = RandomNumbers.matrix(rows, heads * width)
        dq = Matrix(rows: rows, columns: heads * width)
        dk = Matrix(rows: rows, columns: keyValueHeads * width)
        dv = Matrix(rows: rows, columns: keyValueHeads * width)
        let pageFloats = AttentionKernels.pageFloats(width: width)
        let pageCount = (length + AttentionKernels.pageLength - 1) / AttentionKernels.pageLength
        let memory = FloatBuffer(count: sequences * keyValueHeads * pageCount * pageFloats)
        RandomNumbers.fill(memory.base, count: memory.count)
        self.memory = memory
        pages = (0..<sequences * keyValueHeads).map { head in
            (0..<pageCount).map { UnsafePointer(memory.base + (head * pageCount + $0) * pageFloats) }
        }
    }

    static func group(team: WorkerTeam) -> BenchGroup {
        BenchGroup(title: "causal attention (useful flop only)") {
            let qwen = [128, 512, 1024].flatMap { length in
                AttentionBench(heads: 14, keyValueHeads: 2, width: 64, length: length, team: team).cases()
            }
            let abacus = AttentionBench(heads: 6, keyValueHeads: 2, width: 32, length: 128, team: team).cases()
            return qwen + abacus
        }
    }

    private func cases() -> [BenchCase] {
        forward()  // the backward pass needs its results
        // Two products of `width` forward, five backward (scores again, and dp, dv, dq, dk), for each visible pair.
        let pairs = Double(sequences * heads * width) * Double(length * (length + 1)) / 2
        let shape = "\(heads)/\(keyValueHeads) heads of \(width)"
        return [
            .flop("attention forward", shape: shape, size: length, 4 * pairs) { times in
                for _ in 0..<times { self.forward() }
            },
            .flop("attention backward", shape: shape, size: length, 10 * pairs) { times in
                for _ in 0..<times { self.backward() }
            },
        ]
    }

    private func forward() {
        let piecesOfHead = (length + Self.pieceRows - 1) / Self.pieceRows
        let scratchFloats = AttentionKernels.scratch(keys: length, width: width)
        team.run(chunks: pages.count * piecesOfHead) { piece in
            let start = piece % piecesOfHead * Self.pieceRows
            let sequence = piece / piecesOfHead / keyValueHeads, head = piece / piecesOfHead % keyValueHeads
            let row = sequence * length + start, query = head * group * width
            withScratch(scratchFloats, pages: pages[piece / piecesOfHead]) { scratch, pages in
                AttentionKernels.forward(
                    q.row(row) + query, stride: q.columns, pages: pages, start: start,
                    rows: min(Self.pieceRows, length - start), group: group, width: width, into: out.row(row) + query,
                    outputStride: out.columns, stats: stats.row(row) + head * group * 2, statsStride: stats.columns,
                    scratch: scratch)
            }
        }
    }

    private func backward() {
        let scratchFloats = AttentionKernels.backwardScratch(keys: length, width: width)
        team.run(chunks: pages.count) { piece in
            let head = piece % keyValueHeads, row = piece / keyValueHeads * length
            let query = head * group * width, key = head * width
            withScratch(scratchFloats, pages: pages[piece]) { scratch, pages in
                AttentionKernels.backward(
                    dOut.row(row) + query, out: out.row(row) + query, q: q.row(row) + query,
                    gradientStride: dOut.columns, queryStride: q.columns, pages: pages, rows: length, group: group,
                    width: width, stats: stats.row(row) + head * group * 2, statsStride: stats.columns,
                    dq: dq.row(row) + query, dqStride: dq.columns, dk: dk.row(row) + key, dv: dv.row(row) + key,
                    keyStride: dk.columns, scratch: scratch)
            }
        }
    }

    private func withScratch(
        _ floats: Int, pages: [UnsafePointer<Float>?],
        _ body: (UnsafeMutablePointer<Float>, UnsafePointer<UnsafePointer<Float>?>) -> Void
    ) {
        pages.withUnsafeBufferPointer { pages in
            withUnsafeTemporaryAllocation(byteCount: 4 * floats, alignment: 64) { scratch in
                if let scratch = scratch.assumingMemoryBound(to: Float.self).baseAddress, let pages = pages.baseAddress
                {
                    body(scratch, pages)
                }
            }
        }
    }
}
