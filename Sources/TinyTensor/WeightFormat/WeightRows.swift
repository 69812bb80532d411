internal import CTinyKernels
internal import Dispatch

/// The rows of a matrix of weights, wherever and however they are stored.
package protocol WeightRows: Sendable {
    /// A row in a format: where it lies if it is stored so, otherwise written to `scratch`, which has room for it.
    ///
    /// - Returns: The first of the row's numbers, aligned or not; valid as long as both the rows and `scratch` are.
    func row(_ index: Int, as format: WeightFormat, scratch: UnsafeMutableRawPointer) -> UnsafeRawPointer
}

extension PackedMatrix {
    /// A matrix whose rows are stacked under one another.
    package struct Part {
        let rows: any WeightRows
        let count: Int

        package init(_ rows: any WeightRows, count: Int) {
            self.rows = rows
            self.count = count
        }
    }

    /// Packs stacked matrices straight from where they are.
    ///
    /// - Parameter pool: For a matrix that lives shortly, while other threads pack others: it is packed on the calling thread.
    ///   `nil` packs on all cores.
    package convenience init(_ parts: [Part], inputs: Int, format: WeightFormat, pool: MemoryPool? = nil) {
        let outputs = parts.reduce(0) { $0 + $1.count }
        self.init(outputs: outputs, inputs: inputs, format: format, pool: pool) { panels in
            nonisolated(unsafe) let panels = panels
            let places = parts.flatMap { part in (0..<part.count).map { (part.rows, $0) } }
            let panelBytes = format.panelBytes(inputs: inputs), rowBytes = max(1, inputs) * format.elementBytes
            let count = (outputs + WeightFormat.panelOutputs - 1) / WeightFormat.panelOutputs
            let step = max(1, Self.packedAtOnce / max(1, panelBytes))
            defer { withExtendedLifetime(places) {} }
            let pack = { @Sendable (piece: Int) in
                withUnsafeTemporaryAllocation(byteCount: WeightFormat.panelOutputs * rowBytes, alignment: 64) {
                    scratch in
                    guard let scratch = scratch.baseAddress else { return }
                    for panel in piece * step..<min(count, (piece + 1) * step) {
                        let first = panel * WeightFormat.panelOutputs
                        let rows: [UnsafeRawPointer?] = places[first..<min(outputs, first + WeightFormat.panelOutputs)]
                            .enumerated().map { lane, place in
                                place.0.row(place.1, as: format, scratch: scratch + lane * rowBytes)
                            }
                        tk_pack_panel(panels + panel * panelBytes, format.kernel, rows, rows.count, inputs)
                    }
                }
            }
            let pieces = (count + step - 1) / step
            if pool == nil {
                DispatchQueue.concurrentPerform(iterations: pieces, execute: pack)
            } else {
                for piece in 0..<pieces { pack(piece) }
            }
        }
    }

    /// Bytes of panels that a thread packs before it takes more.
    private static let packedAtOnce = 1 << 20
}

/// Rows of floats in memory, one after another.
package struct FloatRows: WeightRows {
    private let buffer: FloatBuffer
    private let offset: Int
    private let columns: Int

    /// - Parameter offset: Where the first row begins.
    package init(_ buffer: FloatBuffer, offset: Int, columns: Int) {
        self.buffer = buffer
        self.offset = offset
        self.columns = columns
    }

    package func row(_ index: Int, as format: WeightFormat, scratch: UnsafeMutableRawPointer) -> UnsafeRawPointer {
        let row = buffer.base + offset + index * columns
        return format == .float32 ? UnsafeRawPointer(row) : format.store(row, count: columns, in: scratch)
    }
}
