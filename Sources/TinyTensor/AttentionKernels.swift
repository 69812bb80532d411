internal import CTinyKernels

/// The door to the attention kernels: one sequence, one key/value head at a time.
package enum AttentionKernels {
    /// Positions of one page.
    package static let pageLength = Int(TK_PAGE)

    /// Floats of one key/value head in one page.
    package static func pageFloats(width: Int) -> Int {
        let padded = (width + 15) / 16 * 16
        return pageLength * (width + padded)
    }

    /// Writes the key and value of one position.
    package static func store(key: ConstantFloats, value: ConstantFloats, slot: Int, width: Int, into page: Floats) {
        tk_page_store(page, key, value, slot, width)
    }

    /// Floats of scratch that ``forward(_:stride:pages:start:rows:group:width:into:stats:statsStride:scratch:)`` needs.
    package static func scratch(keys: Int, width: Int) -> Int { tk_attention_scratch(keys, width) }

    /// Floats of scratch that the backward pass needs.
    package static func backwardScratch(keys: Int, width: Int) -> Int { tk_attention_backward_scratch(keys, width) }

    /// Attends from `rows` rows of `group` query heads each; row t stands at position `start + t`.
    ///
    /// - Parameter stats: Receives the largest score and `1 / Σ exp` per row and head, for the backward pass.
    package static func forward(
        _ q: ConstantFloats, stride: Int, pages: UnsafePointer<UnsafePointer<Float>?>, start: Int, rows: Int,
        group: Int, width: Int, into out: Floats, outputStride: Int, stats: Floats?, statsStride: Int, scratch: Floats
    ) {
        tk_attention(
            out, outputStride, stats, statsStride, q, stride, pages, start, rows, group, width,
            1 / Float(width).squareRoot(), scratch)
    }

    /// The gradient of a whole sequence; `dk` and `dv` start at this head, `keyStride` floats from row to row.
    package static func backward(
        _ dout: ConstantFloats, out: ConstantFloats, q: ConstantFloats, gradientStride: Int, queryStride: Int,
        pages: UnsafePointer<UnsafePointer<Float>?>, rows: Int, group: Int, width: Int, stats: ConstantFloats,
        statsStride: Int, dq: Floats, dqStride: Int, dk: Floats, dv: Floats, keyStride: Int, scratch: Floats
    ) {
        tk_attention_backward(
            dq, dqStride, dk, dv, keyStride, dout, out, gradientStride, stats, statsStride, q, queryStride, pages, rows,
            group, width, 1 / Float(width).squareRoot(), scratch)
    }
}
