internal import TinyCheckpoint
internal import TinyTensor

/// What the backward pass of a feed-forward block needs from its forward pass.
final class FeedForwardTape {
    /// Input of the block, `[rows, hidden]`, and its norm's scale.
    let input: Matrix
    let scale: Matrix
    /// Gate and up side by side, `[rows, 2 · intermediate]`.
    let gateUp: Matrix
    /// `A x` of the two projections.
    let gateUpNarrow: Matrix?
    let downNarrow: Matrix?

    init(_ sizes: ModelConfiguration, rows: Int, rank: Int?) {
        func matrix(_ columns: Int) -> Matrix { Matrix(unsetRows: rows, columns: columns) }
        input = matrix(sizes.hiddenSize)
        scale = matrix(1)
        gateUp = matrix(2 * sizes.intermediateSize)
        gateUpNarrow = rank.map { matrix(InputGroup.gateUp.kinds.count * $0) }
        downNarrow = rank.map { matrix(InputGroup.down.kinds.count * $0) }
    }
}

/// The feed-forward half of a layer: `stream += down(silu(gate(n)) · up(n))` with `n = norm(stream)`.
struct FeedForward: Sendable {
    private let norm: Norm
    private let gateUp: Projection
    private let down: Projection
    private let intermediateSize: Int

    init(layer: Int, of configuration: ModelConfiguration, from weights: WeightReader) throws(CheckpointError) {
        norm = try Norm(.feedForwardNorm(layer: layer), of: configuration, from: weights)
        gateUp = try Projection(.gateUp, layer: layer, of: configuration, from: weights)
        down = try Projection(.down, layer: layer, of: configuration, from: weights)
        intermediateSize = configuration.intermediateSize
    }

    /// Bytes of the packed weights.
    var byteCount: Int { gateUp.weights.byteCount + down.weights.byteCount }

    /// - Parameters:
    ///   - scratch: `[rows, hidden]`, overwritten.
    ///   - activated: `[rows, intermediate]`, overwritten.
    func forward(
        _ stream: Matrix, tape: FeedForwardTape, scratch: Matrix, activated: Matrix, _ pass: PassRows
    ) {
        pass.team.timed(.norms) { norm.forward(stream, into: scratch, scale: tape.scale, pass.team) }
        gateUp.forward(scratch, into: tape.gateUp, narrow: tape.gateUpNarrow, pass)
        pass.team.timed(.activation) { Kernels.swiglu(tape.gateUp, into: activated, team: pass.team) }
        down.forward(activated, into: scratch, narrow: tape.downNarrow, pass)
        pass.team.timed(.norms) { Kernels.add(scratch, to: stream, team: pass.team) }
    }

    /// Turns the gradient of the block's output into that of its input, in place.
    func backward(_ gradient: Matrix, tape: FeedForwardTape, into gradients: PassGradients, _ pass: PassRows) {
        let dActivated = Matrix(unsetRows: pass.rows, columns: intermediateSize)
        down.backward(
            gradient, to: dActivated, narrow: tape.downNarrow, into: gradients, pass, input: activation(tape, pass))
        let dGateUp = Matrix(unsetRows: pass.rows, columns: tape.gateUp.columns)
        pass.team.timed(.activation) {
            Kernels.swigluBackward(dActivated, gateUp: tape.gateUp, into: dGateUp, team: pass.team)
        }
        let dNormed = Matrix(unsetRows: pass.rows, columns: gradient.columns)
        gateUp.backward(
            dGateUp, to: dNormed, narrow: tape.gateUpNarrow, into: gradients, pass,
            input: norm.output(of: tape.input, pass.team))
        pass.team.timed(.norms) {
            norm.backward(
                dNormed, x: tape.input, scale: tape.scale, into: gradient, weights: gradients.weights, pass.team)
        }
    }

    /// The activation of the forward pass again.
    private func activation(_ tape: FeedForwardTape, _ pass: PassRows) -> Matrix {
        let out = Matrix(unsetRows: pass.rows, columns: intermediateSize)
        Kernels.swiglu(tape.gateUp, into: out, team: pass.team)
        return out
    }
}
