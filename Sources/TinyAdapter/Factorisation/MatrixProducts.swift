/// A matrix as its singular vectors see it: something that multiplies from both sides.
///
/// The order in which an element is summed must depend only on the shape of the matrix, or factors would differ from
/// machine to machine.
package protocol MatrixProducts {
    /// Rows.
    var outputs: Int { get }
    /// Columns.
    var inputs: Int { get }

    /// `y[count, outputs] = x[count, inputs] · Wᵀ`: `W x` for each of `count` vectors, one after the other in memory.
    func multiply(_ x: UnsafeBufferPointer<Float>, count: Int, into y: UnsafeMutableBufferPointer<Float>)

    /// `x[count, inputs] = y[count, outputs] · W`: `Wᵀ y` for each of `count` vectors.
    func multiplyTransposed(_ y: UnsafeBufferPointer<Float>, count: Int, into x: UnsafeMutableBufferPointer<Float>)
}

/// A row-major matrix in memory, `[outputs, inputs]`.
///
/// Both products read the matrix once and keep their running sums short (at most 256 additions, then added to the
/// total), so that the relative error of a result stays near 2e-7 however large the matrix is.
package struct DenseMatrix: MatrixProducts {
    package let outputs: Int
    package let inputs: Int
    private let elements: [Float]

    /// Takes `outputs · inputs` elements, row-major.
    package init(_ elements: [Float], outputs: Int, inputs: Int) {
        precondition(elements.count == outputs * inputs, "DenseMatrix: \(elements.count) for [\(outputs), \(inputs)]")
        self.elements = elements
        self.outputs = outputs
        self.inputs = inputs
    }

    /// Columns whose part of the input vectors stays in the first cache.
    private static let columnBlock = 1024

    package func multiply(_ x: UnsafeBufferPointer<Float>, count: Int, into y: UnsafeMutableBufferPointer<Float>) {
        precondition(x.count >= count * inputs && y.count >= count * outputs, "multiply: \(x.count), \(y.count)")
        guard outputs > 0, inputs > 0, count > 0 else { return y.update(repeating: 0) }
        elements.withUnsafeBufferPointer { weights in
            let w = weights.baseAddress!, x = x.baseAddress!, y = y.baseAddress!
            y.update(repeating: 0, count: count * outputs)
            for start in stride(from: 0, to: inputs, by: Self.columnBlock) {
                let length = min(Self.columnBlock, inputs - start)
                for row in 0..<outputs {
                    let weight = w + row * inputs + start
                    var vector = 0
                    while vector + 4 <= count {
                        let sums = fourDots(weight, x + vector * inputs + start, stride: inputs, length: length)
                        for lane in 0..<4 { y[(vector + lane) * outputs + row] += sums[lane] }
                        vector += 4
                    }
                    while vector < count {
                        y[vector * outputs + row] += dot(weight, x + vector * inputs + start, length: length)
                        vector += 1
                    }
                }
            }
        }
    }

    package func multiplyTransposed(
        _ y: UnsafeBufferPointer<Float>, count: Int, into x: UnsafeMutableBufferPointer<Float>
    ) {
        precondition(x.count >= count * inputs && y.count >= count * outputs, "multiplyTransposed: \(x.count), \(y.count)")
        guard outputs > 0, inputs > 0, count > 0 else { return x.update(repeating: 0) }
        let rowBlock = 256
        elements.withUnsafeBufferPointer { weights in
            withUnsafeTemporaryAllocation(of: Float.self, capacity: count * Self.columnBlock) { scratch in
                let w = weights.baseAddress!, y = y.baseAddress!, x = x.baseAddress!, partial = scratch.baseAddress!
                x.update(repeating: 0, count: count * inputs)
                for start in stride(from: 0, to: inputs, by: Self.columnBlock) {
                    let length = min(Self.columnBlock, inputs - start)
                    for first in stride(from: 0, to: outputs, by: rowBlock) {
                        partial.initialize(repeating: 0, count: count * length)
                        let last = min(first + rowBlock, outputs)
                        for row in stride(from: first, to: last, by: 4) {
                            for vector in 0..<count {
                                let weight = w + row * inputs + start
                                let scale = y + vector * outputs + row
                                let sum = partial + vector * length
                                if row + 4 <= last {
                                    addFourRows(weight, stride: inputs, scales: scale, to: sum, length: length)
                                } else {
                                    for rest in 0..<last - row {
                                        addRow(weight + rest * inputs, scale: scale[rest], to: sum, length: length)
                                    }
                                }
                            }
                        }
                        for vector in 0..<count {
                            addRow(partial + vector * length, scale: 1, to: x + vector * inputs + start, length: length)
                        }
                    }
                }
            }
        }
    }
}

private typealias Lanes = SIMD8<Float>

@inline(__always)
private func load(_ pointer: UnsafePointer<Float>, _ offset: Int) -> Lanes {
    UnsafeRawPointer(pointer + offset).loadUnaligned(as: Lanes.self)
}

/// Eight interleaved sums, then the tail: one fixed order for every length.
@inline(__always)
private func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, length: Int) -> Float {
    var sum = Lanes.zero
    var k = 0
    while k + 8 <= length {
        sum += load(a, k) * load(b, k)
        k += 8
    }
    var tail: Float = 0
    while k < length {
        tail += a[k] * b[k]
        k += 1
    }
    return sum.sum() + tail
}

/// ``dot`` with four vectors at once, each in the same order.
@inline(__always)
private func fourDots(
    _ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, stride: Int, length: Int
) -> SIMD4<Float> {
    var s0 = Lanes.zero, s1 = Lanes.zero, s2 = Lanes.zero, s3 = Lanes.zero
    var k = 0
    while k + 8 <= length {
        let weight = load(a, k)
        s0 += weight * load(b, k)
        s1 += weight * load(b, k + stride)
        s2 += weight * load(b, k + 2 * stride)
        s3 += weight * load(b, k + 3 * stride)
        k += 8
    }
    var tail = SIMD4<Float>.zero
    while k < length {
        tail += a[k] * SIMD4(b[k], b[k + stride], b[k + 2 * stride], b[k + 3 * stride])
        k += 1
    }
    return SIMD4(s0.sum(), s1.sum(), s2.sum(), s3.sum()) + tail
}

/// `sum += Σ scales[j] · row j`, four rows at once.
@inline(__always)
private func addFourRows(
    _ rows: UnsafePointer<Float>, stride: Int, scales: UnsafePointer<Float>, to sum: UnsafeMutablePointer<Float>,
    length: Int
) {
    let (a, b, c, d) = (scales[0], scales[1], scales[2], scales[3])
    var k = 0
    while k + 8 <= length {
        let low = a * load(rows, k) + b * load(rows, k + stride)
        let high = c * load(rows, k + 2 * stride) + d * load(rows, k + 3 * stride)
        let total = load(sum, k) + (low + high)
        UnsafeMutableRawPointer(sum + k).storeBytes(of: total, as: Lanes.self)
        k += 8
    }
    while k < length {
        let low = a * rows[k] + b * rows[k + stride]
        let high = c * rows[k + 2 * stride] + d * rows[k + 3 * stride]
        sum[k] += low + high
        k += 1
    }
}

/// `sum += scale · row`.
@inline(__always)
private func addRow(
    _ row: UnsafePointer<Float>, scale: Float, to sum: UnsafeMutablePointer<Float>, length: Int
) {
    for k in 0..<length { sum[k] += scale * row[k] }
}
