internal import TinyCheckpoint
internal import TinyTensor

/// What the backward pass of ``HeadNorms`` needs from its forward pass.
final class HeadNormTape {
    /// q and k before the norm, side by side, `[rows, (heads + keyValueHeads) · width]`.
    let input: Matrix
    /// Inverse root mean square of each of their heads, `[rows, heads + keyValueHeads]`.
    let scale: Matrix

    /// `nil` for families that do not normalise heads.
    init?(_ sizes: ModelConfiguration, rows: Int) {
        guard ModelFamily(of: sizes).normalisesHeads else { return nil }
        let heads = sizes.headCount + sizes.keyValueHeadCount
        input = Matrix(unsetRows: rows, columns: heads * sizes.headDimension)
        scale = Matrix(unsetRows: rows, columns: heads)
    }
}

/// RMSNorm of every head of q and of k on its own, before rotation. All query heads of a layer share a weight, all key heads
/// another.
struct HeadNorms: Sendable {
    /// The norm of neighbouring heads.
    private struct Part {
        let role: ParameterRole
        let weight: Matrix
        let heads: Range<Int>
    }

    private let parts: [Part]
    private let epsilon: Float
    private let width: Int

    /// `nil` for families that do not normalise heads.
    init?(layer: Int, of configuration: ModelConfiguration, from weights: WeightReader) throws(CheckpointError) {
        guard ModelFamily(of: configuration).normalisesHeads else { return nil }
        let queryHeads = configuration.headCount, keyHeads = configuration.keyValueHeadCount
        width = configuration.headDimension
        epsilon = configuration.normEpsilon
        var parts: [Part] = []
        for (role, heads) in [
            (ParameterRole.queryNorm(layer: layer), 0..<queryHeads),
            (.keyNorm(layer: layer), queryHeads..<queryHeads + keyHeads),
        ] {
            parts.append(Part(role: role, weight: try weights.vector([ParameterShape(role, [width])]), heads: heads))
        }
        self.parts = parts
    }

    /// Normalises q and k of `[rows, q | k | v]` in place; `kept` receives what they were.
    func forward(_ queryKeyValue: Matrix, kept: HeadNormTape, _ team: WorkerTeam) {
        team.split(queryKeyValue.rows, least: Self.leastRows) { rows in
            for row in rows {
                let input = kept.input.row(row), output = queryKeyValue.row(row)
                input.update(from: output, count: kept.input.columns)
                for part in parts {
                    let first = part.heads.lowerBound * width
                    Kernels.rmsNorm(
                        input + first, rows: part.heads.count, columns: width, weight: part.weight, epsilon: epsilon,
                        into: output + first, rstd: kept.scale.row(row) + part.heads.lowerBound)
                }
            }
        }
    }

    /// Turns the gradient of normalised q and k into that of q and k, in place, and adds that of the weights to `weights` where it
    /// is wanted, row by row.
    func backward(_ gradient: Matrix, kept: HeadNormTape, weights: DenseWeights?, _ team: WorkerTeam) {
        if let weights {
            for part in parts {
                let first = part.heads.lowerBound, target = weights.pointer(part.role)
                for row in 0..<gradient.rows {
                    Kernels.rmsNormWeightBackward(
                        gradient.row(row) + first * width, x: kept.input.row(row) + first * width,
                        rows: part.heads.count, columns: width, rstd: kept.scale.row(row) + first, into: target)
                }
            }
        }
        team.split(gradient.rows, least: Self.leastRows) { rows in
            let before = Matrix(rows: 1, columns: kept.input.columns)
            for row in rows {
                before.base.update(repeating: 0, count: before.count)
                for part in parts {
                    let first = part.heads.lowerBound
                    Kernels.rmsNormBackward(
                        gradient.row(row) + first * width, x: kept.input.row(row) + first * width,
                        rows: part.heads.count, columns: width, weight: part.weight,
                        rstd: kept.scale.row(row) + first, into: before.base + first * width)
                }
                gradient.row(row).update(from: before.base, count: before.count)
            }
        }
    }

    /// Rows that are worth another thread.
    private static let leastRows = 16
}
