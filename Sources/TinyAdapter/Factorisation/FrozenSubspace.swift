package import TinyTensor
package import TinyFoundation

extension FrozenSubspace {
    /// Name and version of the scheme, as written into adapters and caches.
    package var scheme: String {
        switch self {
        case .top: Factorisation.scheme
        case .bottom: "us-vt.sign-v.smallest-inverse-iteration/1"
        case .random: "us-vt.random-orthonormal.top-values/1 " + RandomStream.normalScheme
        }
    }

    /// What tells cached factors apart.
    func cacheScheme(seed: UInt64) -> String { self == .random ? "\(scheme) seed \(seed)" : scheme }

    /// Nothing for the usual subspace, else ` · bottom subspace`.
    var phrase: String { self == .top ? "" : " · \(rawValue) subspace" }
}

/// Random orthonormal vectors in the place of singular ones, with the largest singular values.
///
/// - Parameters:
///   - matrix: The weights.
///   - count: How many triplets, `1 ... min(outputs, inputs)`.
///   - stream: The directions.
///   - values: The largest singular values of the matrix, `count` of them.
package func randomTriplets(
    of matrix: PackedMatrix, count: Int, stream: RandomStream, values: [Float]
) -> SingularTriplets {
    var stream = stream
    func directions(_ dimension: Int) -> [[Double]] {
        var basis = OrthonormalBasis(dimension: dimension, capacity: count)
        return (0..<count).map { _ in
            basis.appendRandom(from: &stream)
            return basis.last
        }
    }
    let left = directions(matrix.outputs), right = directions(matrix.inputs)
    return SingularTriplets(left: left, values: values.map { Double($0) }, right: right)
}
