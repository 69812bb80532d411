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

    /// Keys and values of one sequence and one key/value head, and the query heads that share it.
    package struct Head {
        /// Addresses of this head's part of each page.
        package let pages: UnsafePointer<UnsafePointer<Float>?>
        /// Position of the first row.
        package let start: Int
        /// Query heads.
        package let group: Int
        package let width: Int

        package init(pages: UnsafePointer<UnsafePointer<Float>?>, start: Int, group: Int, width: Int) {
            self.pages = pages
            self.start = start
            self.group = group
            self.width = width
        }

        fileprivate var kernel: tk_head {
            tk_head(pages: pages, start: start, group: group, width: width, scale: 1 / Float(width).squareRoot())
        }
    }

    /// What the forward pass read and made, `[rows, …]`; `stats` has the largest score and `1 / Σ exp` per row and head.
    package struct Attended {
        package let q: MatrixView
        package let out: MatrixView
        package let stats: MatrixView

        package init(q: MatrixView, out: MatrixView, stats: MatrixView) {
            self.q = q
            self.out = out
            self.stats = stats
        }
    }

    /// Writes the key and value of one position.
    package static func store(key: ConstantFloats, value: ConstantFloats, slot: Int, width: Int, into page: Floats) {
        tk_page_store(page, key, value, slot, width)
    }

    /// Floats of scratch that ``forward(_:_:scratch:)`` needs.
    package static func scratch(keys: Int, width: Int) -> Int { tk_attention_scratch(keys, width) }

    /// Floats of scratch that the backward pass needs.
    package static func backwardScratch(keys: Int, width: Int) -> Int { tk_attention_backward_scratch(keys, width) }

    /// Attends from the rows of `q`; row t stands at position `start + t`.
    package static func forward(_ rows: Attended, _ head: Head, scratch: Floats) {
        var kernel = head.kernel
        tk_attention(rows.out.output, rows.stats.output, rows.q.input, &kernel, scratch)
    }

    /// The gradient of a whole sequence from `dout`; `dq`, `dk` and `dv` are overwritten.
    package static func backward(
        _ dout: MatrixView, _ forward: Attended, _ head: Head, dq: MatrixView, dk: MatrixView, dv: MatrixView,
        scratch: Floats
    ) {
        var kernel = head.kernel
        var attended = tk_attended(q: forward.q.input, out: forward.out.input, stats: forward.stats.input)
        tk_attention_backward(dq.output, dk.output, dv.output, dout.input, &attended, &kernel, scratch)
    }
}
