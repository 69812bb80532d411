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
    private let pages: [[UnsafeRawPointer?]]
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
        let pageFloats = AttentionKernels.pageBytes(format: .float32, width: width) / 4
        let pageCount = (length + AttentionKernels.pageLength - 1) / AttentionKernels.pageLength
        let memory = FloatBuffer(count: sequences * keyValueHeads * pageCount * pageFloats)
        RandomNumbers.fill(memory.base, count: memory.count)
        self.memory = memory
        pages = (0..<sequences * keyValueHeads).map { head in
            (0..<pageCount).map { UnsafeRawPointer(memory.base + (head * pageCount + $0) * pageFloats) }
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
            let first = sequence * length + start
            withScratch(scratchFloats, pages: pages[piece / piecesOfHead], start: start) { scratch, pages in
                AttentionKernels.forward(
                    attended(first..<first + min(Self.pieceRows, length - start), head: head), pages, scratch: scratch)
            }
        }
    }

    private func backward() {
        let scratchFloats = AttentionKernels.backwardScratch(keys: length, width: width)
        team.run(chunks: pages.count) { piece in
            let head = piece % keyValueHeads, first = piece / keyValueHeads * length
            let rows = first..<first + length, query = head * group * width, key = head * width
            withScratch(scratchFloats, pages: pages[piece], start: 0) { scratch, pages in
                AttentionKernels.backward(
                    dOut.view.rows(rows).columns(from: query, count: group * width), attended(rows, head: head), pages,
                    into: AttentionKernels.Gradient(
                        q: dq.view.rows(rows).columns(from: query, count: group * width),
                        key: dk.view.rows(rows).columns(from: key, count: width),
                        value: dv.view.rows(rows).columns(from: key, count: width), earlierKey: dk.view.rows(0..<0),
                        earlierValue: dv.view.rows(0..<0)), scratch: scratch)
            }
        }
    }

    private func attended(_ rows: Range<Int>, head: Int) -> AttentionKernels.Attended {
        let query = head * group * width
        return AttentionKernels.Attended(
            q: q.view.rows(rows).columns(from: query, count: group * width),
            out: out.view.rows(rows).columns(from: query, count: group * width),
            stats: stats.view.rows(rows).columns(from: head * group * 2, count: group * 2))
    }

    private func withScratch(
        _ floats: Int, pages: [UnsafeRawPointer?], start: Int,
        _ body: (UnsafeMutablePointer<Float>, AttentionKernels.Head) -> Void
    ) {
        pages.withUnsafeBufferPointer { pages in
            withUnsafeTemporaryAllocation(byteCount: 4 * floats, alignment: 64) { scratch in
                if let scratch = scratch.assumingMemoryBound(to: Float.self).baseAddress, let pages = pages.baseAddress
                {
                    body(
                        scratch,
                        AttentionKernels.Head(pages: pages, format: .float32, start: start, group: group, width: width))
                }
            }
        }
    }
}
