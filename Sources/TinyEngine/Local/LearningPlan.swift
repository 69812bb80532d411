internal import TinyCheckpoint
internal import TinyModel

/// How sequences are divided into passes.
///
/// A block has the prompts of consecutive units in one pass, whose records stay until the passes of their completions are done.
/// A unit's completions may be in several passes. Results do not depend on the division, but for the gradient of all weights.
struct LearningPlan {
    struct Block {
        /// Which units.
        var units: Range<Int>
        /// The sequences of each pass of completions; those whose completion is a single token need none.
        var completions: [[Int]] = []
    }

    /// What a pass may hold.
    struct Limits {
        /// Rows of a block's prompts and one pass of completions.
        let rows: Int
        /// What the gradient of an earlier position's keys and values costs, in rows.
        let earlierRow: Double
        /// Rows of which a pass keeps everything for the backward pass. A longer one keeps only the input of each layer.
        let recordedRows: Int

        /// Bytes that the forward records of one backward pass may take.
        static let recordBytes = 1 << 30
        /// More rows gain nothing once the matrix products are full.
        static let mostRows = 2048

        /// Of passes that are scored alone: they keep nothing for the way back.
        ///
        /// - Parameter rows: Rows of a pass at most; `nil` for what is fast.
        init(scoringRows rows: Int?) {
            self.rows = rows ?? Self.mostRows
            earlierRow = 0
            recordedRows = .max
        }

        /// Of passes that are recorded.
        ///
        /// - Parameters:
        ///   - rank: Rank of the low-rank change; `nil` without one.
        ///   - rows: Rows of a pass at most; `nil` for what is fast and fits into memory.
        ///   - savesMemory: Whether passes whose records would take more than ``recordBytes`` compute their layers once more.
        init(_ model: ModelConfiguration, rank: Int?, rows: Int?, savesMemory: Bool) {
            let bytes = model.recordBytes(rank: rank)
            self.rows = rows ?? max(1, min(Self.mostRows, Self.recordBytes / bytes))
            recordedRows = savesMemory ? rows ?? max(1, Self.recordBytes / bytes) : .max
            earlierRow = Double(8 * model.keyValueHeadCount * model.headDimension) / Double(bytes)
        }

        /// What a pass of so many rows keeps for its backward pass.
        func record(ofRows count: Int) -> PassRecord { count <= recordedRows ? .all : .layerInputs }

        /// Rows that a block and one pass of completions hold at most, of `count` sequences of `length` tokens. Neither a prompt
        /// nor a completion is divided.
        func rowsHeld(of count: Int, length: Int) -> Double {
            let sequence = Double(length) * (1 + earlierRow)
            return min(Double(count) * sequence, max(Double(rows), Double(rows / 4) + sequence))
        }
    }

    let limits: Limits
    /// The sequences of each unit.
    let units: [Range<Int>]
    private(set) var blocks: [Block] = []
    private let unitOfSequence: [Int]

    init(_ sequences: [ScoredSequence], limits: Limits) {
        let units = sequences.units
        self.limits = limits
        self.units = units
        unitOfSequence = units.enumerated().flatMap { unit, range in range.map { _ in unit } }
        var next = 0
        while next < units.count {
            var rows = 0, end = next
            func prompt(_ unit: Int) -> Int { sequences[units[unit].lowerBound].prompt.count }
            while end < units.count, end == next || rows + prompt(end) <= limits.rows / 4 {
                rows += prompt(end)
                end += 1
            }
            var block = Block(units: next..<end)
            let room = max(limits.rows - rows, limits.rows / 4)
            var used = Double.infinity
            for sequence in units[next].lowerBound..<units[end - 1].upperBound {
                let length = sequences[sequence].completion.count - 1
                guard length > 0 else { continue }
                let cost = Double(length) + limits.earlierRow * Double(sequences[sequence].prompt.count)
                if used + cost > Double(room) {
                    block.completions.append([])
                    used = 0
                }
                block.completions[block.completions.count - 1].append(sequence)
                used += cost
            }
            blocks.append(block)
            next = end
        }
    }

    /// The unit that a sequence belongs to.
    func unit(of sequence: Int) -> Int { unitOfSequence[sequence] }
}
