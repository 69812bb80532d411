internal import TinyCheckpoint
internal import TinyTensor

/// RMSNorm: every row of `x [rows, hidden]` divided by its root mean square and multiplied by a weight.
struct Norm: Sendable {
    private let role: ParameterRole
    private let weight: Matrix
    private let epsilon: Float

    init(_ role: ParameterRole, of configuration: ModelConfiguration, from weights: WeightReader)
        throws(CheckpointError)
    {
        self.role = role
        weight = try weights.vector([ParameterShape(role, [configuration.hiddenSize])])
        epsilon = configuration.normEpsilon
    }

    /// - Parameter scale: Receives the inverse root mean square of each row, for the backward pass.
    func forward(_ x: Matrix, into y: Matrix, scale: Matrix, _ team: WorkerTeam) {
        Kernels.rmsNorm(
            x, weight: weight, epsilon: epsilon, into: y, rstd: scale, team: team)
    }

    /// The output of ``forward(_:into:scale:_:)`` again: computing it twice is cheaper than keeping it.
    func output(of x: Matrix, _ team: WorkerTeam) -> Matrix {
        let y = Matrix(unsetRows: x.rows, columns: x.columns)
        forward(x, into: y, scale: Matrix(unsetRows: x.rows, columns: 1), team)
        return y
    }

    /// Adds the gradient with respect to `x` to `gradient`, and that of the weight to `weights` where it is wanted.
    func backward(
        _ dy: Matrix, x: Matrix, scale: Matrix, into gradient: Matrix, weights: DenseWeights?, _ team: WorkerTeam
    ) {
        if let weights { Kernels.rmsNormWeightBackward(dy, x: x, rstd: scale, into: weights.pointer(role)) }
        Kernels.rmsNormBackward(dy, x: x, weight: weight, rstd: scale, into: gradient, team: team)
    }
}
