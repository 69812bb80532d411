import CTinyKernels
import Testing
import TinyTensor
import TinyTestSupport
import TinyFoundation

@Suite("Packed matrices")
struct PackedMatrixTests {
    private let rows = 40, outputs = 700, inputs = 90  // enough work for 1.5 million multiply-adds a thread

    private func matrix(_ type: ElementType) -> PackedMatrix {
        let weights = gaussian(outputs * inputs, seed: 1)
        return type == .bfloat16
            ? PackedMatrix(bfloat16: weights.map { BFloat16($0).bits }, outputs: outputs, inputs: inputs)
            : PackedMatrix(floats: weights, outputs: outputs, inputs: inputs)
    }

    @Test("multiply to the same bits on any number of threads", arguments: [ElementType.float32, .bfloat16])
    func threads(type: ElementType) {
        let matrix = matrix(type)
        let x = Matrix(rows: rows, columns: inputs, values: gaussian(rows * inputs, seed: 2))
        let dy = Matrix(rows: rows, columns: outputs, values: gaussian(rows * outputs, seed: 3))
        let results = [1, 2, 3].map { threads in
            let team = WorkerTeam(threads: threads)
            defer { team.close() }
            let y = Matrix(rows: rows, columns: outputs), dx = Matrix(rows: rows, columns: inputs)
            matrix.multiply(x.view, into: y.view, team: team)
            matrix.multiplyTransposed(dy.view, into: dx.view, team: team)
            return (y.values, dx.values)
        }
        for (index, result) in results.enumerated() {
            #expect(firstDifference(result.0, results[0].0) == nil, "\(index + 1) threads")
            #expect(firstDifference(result.1, results[0].1) == nil, "\(index + 1) threads")
        }
    }

    @Test(
        "transposed, multiply to the bits of the transposed product", arguments: [ElementType.float32, .bfloat16],
        [(1, 1), (16, 32), (17, 33), (90, 700), (300, 15)])
    func transposed(type: ElementType, shape: (outputs: Int, inputs: Int)) {
        let (outputs, inputs) = shape, weights = gaussian(outputs * inputs, seed: 1)
        let matrix =
            type == .bfloat16
            ? PackedMatrix(bfloat16: weights.map { BFloat16($0).bits }, outputs: outputs, inputs: inputs)
            : PackedMatrix(floats: weights, outputs: outputs, inputs: inputs)
        let team = WorkerTeam(threads: 2), turned = matrix.transposed()
        defer { team.close() }
        #expect(turned.outputs == inputs && turned.inputs == outputs && turned.format == matrix.format)
        let dy = Matrix(rows: 4, columns: outputs, values: gaussian(4 * outputs, seed: 3))
        let expected = Matrix(rows: 4, columns: inputs), found = Matrix(rows: 4, columns: inputs)
        matrix.multiplyTransposed(dy.view, into: expected.view, team: team)
        turned.multiply(dy.view, into: found.view, team: team)
        #expect(firstDifference(found.values, expected.values) == nil)
    }

    @Test("of a pool take the memory of those before, whatever it held")
    func pool() {
        let pool = MemoryPool(), team = WorkerTeam(threads: 1)
        func product(_ outputs: Int, _ inputs: Int, _ pool: MemoryPool?) -> [Float] {
            let weights = FloatBuffer(count: outputs * inputs)
            weights.base.update(from: gaussian(outputs * inputs, seed: 4), count: weights.count)
            let rows = FloatRows(weights, offset: 0, columns: inputs)
            let matrix = PackedMatrix(
                [PackedMatrix.Part(rows, count: outputs)], inputs: inputs, format: .bfloat16, pool: pool)
            let x = Matrix(rows: 1, columns: inputs, values: gaussian(inputs, seed: 5))
            let y = Matrix(rows: 1, columns: outputs)
            matrix.multiply(x.view, into: y.view, team: team)
            return y.values
        }
        for (outputs, inputs) in [(40, 90), (33, 17), (64, 90)] {
            #expect(product(outputs, inputs, pool) == product(outputs, inputs, nil))
        }
    }

    @Test("sum over blocks of 256 outputs to the bits of one sum", arguments: [ElementType.float32, .bfloat16])
    func ranges(type: ElementType) {
        let team = WorkerTeam(threads: 1), matrix = matrix(type)
        let dy = Matrix(rows: rows, columns: outputs, values: gaussian(rows * outputs, seed: 3))
        let whole = Matrix(rows: rows, columns: inputs), parts = Matrix(rows: rows, columns: inputs)
        matrix.multiplyTransposed(dy.view, into: whole.view, team: team)
        for first in stride(from: 0, to: outputs, by: 512) {
            let range = first..<min(outputs, first + 512)
            matrix.multiplyTransposed(
                dy.view.columns(from: first, count: range.count), into: parts.view, range: range, adding: first > 0,
                team: team)
        }
        #expect(firstDifference(parts.values, whole.values) == nil)
    }

    @Test(
        "hand out each element once, done and after the preparation of its row", arguments: [1, 2, 4],
        [(1, 600), (33, 600), (500, 40), (1000, 3)])
    func blocks(threads: Int, shape: (rows: Int, outputs: Int)) {
        let (rows, outputs) = shape, inputs = 70, columns = FloatBuffer(count: outputs * inputs)
        columns.base.update(from: gaussian(columns.count, seed: 4), count: columns.count)
        let weights = PackedMatrix(
            [PackedMatrix.Part(FloatRows(columns, offset: 0, columns: inputs), count: outputs)], inputs: inputs,
            format: .bfloat16)
        let team = WorkerTeam(threads: threads)
        defer { team.close() }
        let x = Matrix(rows: rows, columns: inputs, values: gaussian(rows * inputs, seed: 5))
        func product(_ x: ProductRows, inBlocks: Bool) -> [Float] {
            let y = Matrix(rows: rows, columns: outputs), prepared = Matrix(rows: rows, columns: 1)
            let preparation = PackedMatrix.Preparation(least: 7) { for row in $0 { prepared.base[row] += 1 } }
            guard inBlocks else {
                weights.multiply(x, into: y.view, team: .alone)
                return y.values
            }
            weights.multiply(x, into: y.view, team: team, preparation: preparation) { rows, columns in
                for row in rows { for column in columns { y.base[row * outputs + column] += prepared.base[row] } }
            }
            return y.values
        }
        for arithmetic in [Arithmetic.float32, .bfloat16] {
            let x = arithmetic.rows(x.view, team: .alone)
            let expected = product(x, inBlocks: false).map { $0 + 1 }
            #expect(firstDifference(product(x, inBlocks: true), expected) == nil, "\(arithmetic)")
        }
    }

    @Test(
        "hand out blocks with every instruction set, each element once, where subnormal numbers count",
        arguments: InstructionSet.available, [3, 33, 70])
    func blocksOfEverySet(set: InstructionSet, rows: Int) {
        let outputs = 600, inputs = 70, columns = FloatBuffer(count: outputs * inputs)
        columns.base.update(from: gaussian(columns.count, seed: 4), count: columns.count)
        let weights = PackedMatrix(
            [PackedMatrix.Part(FloatRows(columns, offset: 0, columns: inputs), count: outputs)], inputs: inputs,
            format: .bfloat16)
        let x = Matrix(rows: rows, columns: inputs, values: gaussian(rows * inputs, seed: 5))
        let half = Matrix(rows: 1, columns: 1, values: [0.5])
        let y = Matrix(rows: rows, columns: outputs), expected = Matrix(rows: rows, columns: outputs)
        var flushed = 0
        let done: PackedMatrix.BlockDone = { rows, columns in
            if half.base[0] * Float.leastNormalMagnitude == 0 { flushed += 1 }
            for row in rows { for column in columns { y.base[row * outputs + column] += 1 } }
        }
        weights.multiply(x.view, into: y.view, on: set, team: .alone, done: done)
        weights.multiply(x.view, into: expected.view, on: set, team: .alone)
        #expect(firstDifference(y.values, expected.values.map { $0 + 1 }) == nil)
        let rounded = RoundedRows(x.view, team: .alone)
        weights.multiply(rounded, into: y.view, on: set, team: .alone, done: done)
        weights.multiply(rounded, into: expected.view, on: set, team: .alone)
        #expect(firstDifference(y.values, expected.values.map { $0 + 1 }) == nil)
        #expect(flushed == 0)
    }

    @Test("return every row as it was packed", arguments: [ElementType.float32, .bfloat16])
    func rowsComeBack(type: ElementType) {
        let matrix = matrix(type), weights = gaussian(outputs * inputs, seed: 1).map(type.rounded)
        for row in [0, 7, 8, 15, 16, outputs - 1] {
            var found = [Float](repeating: .nan, count: inputs)
            matrix.copyRow(row, into: &found)
            #expect(firstDifference(found, Array(weights[row * inputs..<(row + 1) * inputs])) == nil, "row \(row)")
        }
    }

    @Test("of columns are those of the transpose", arguments: [1, 16, 47], [1, 5, 33])
    func columns(rows: Int, columns: Int) {
        let team = WorkerTeam(threads: 2), stride = columns + 3
        defer { team.close() }
        let x = gaussian(rows * stride, seed: 4)
        let whole = Matrix(rows: rows, columns: stride, values: x)
        defer { withExtendedLifetime(whole) {} }
        let padded = whole.view.columns(from: 0, count: columns)
        let turned = Matrix(rows: columns, columns: rows)
        Kernels.transpose(padded, into: turned, team: team)
        let packed = PackedMatrix(columnsOf: padded, team: team)
        #expect(packed.outputs == columns && packed.inputs == rows)
        for column in 0..<columns {
            var found = [Float](repeating: .nan, count: rows)
            packed.copyRow(column, into: &found)
            let expected = (0..<rows).map { x[$0 * stride + column] }
            #expect(firstDifference(found, expected) == nil, "column \(column)")
            #expect(firstDifference(Array(turned.values[column * rows..<(column + 1) * rows]), expected) == nil)
        }
    }

    @Test(
        "pack stacked parts like one matrix, whatever their heights", arguments: [WeightFormat.float32, .bfloat16],
        [(3, 1), (17, 31), (40, 90), (16, 33)])
    func parts(format: WeightFormat, shape: (first: Int, inputs: Int)) {
        let outputs = 57, inputs = shape.inputs
        let buffer = FloatBuffer(count: outputs * inputs)
        for (index, value) in gaussian(buffer.count, seed: 4).enumerated() { buffer.base[index] = value }
        let stacked = PackedMatrix(
            [
                PackedMatrix.Part(FloatRows(buffer, offset: 0, columns: inputs), count: shape.first),
                PackedMatrix.Part(
                    FloatRows(buffer, offset: shape.first * inputs, columns: inputs), count: outputs - shape.first),
            ], inputs: inputs, format: format)
        for row in 0..<outputs {
            var found = [Float](repeating: .nan, count: inputs)
            stacked.copyRow(row, into: &found)
            let expected = (0..<inputs).map { column in
                let value = buffer.base[row * inputs + column]
                return format == .float32 ? value : BFloat16(value).float
            }
            #expect(firstDifference(found, expected) == nil, "row \(row)")
        }
        // The place behind the last output and the last term must be zero: products read it.
        let team = WorkerTeam(threads: 1)
        let ones = Matrix(rows: 1, columns: outputs), sums = Matrix(rows: 1, columns: inputs)
        ones.base.update(repeating: 1, count: outputs)
        stacked.multiplyTransposed(ones.view, into: sums.view, team: team)
        #expect(sums.values.allSatisfy { $0.isFinite })
    }
}
