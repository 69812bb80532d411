extension RandomStream {
    /// Name and version of the scheme for normal deviates, as written into adapters.
    public static let normalScheme = "philox4x32-10/as241/1"

    /// A standard normal deviate; consumes two draws.
    ///
    /// Uses additions, multiplications, divisions and one square root only, each of which IEEE 754 defines exactly, so
    /// every machine draws the same bits.
    ///
    /// Source: inverse of the normal distribution, algorithm AS 241 (PPND16), Wichura, Applied Statistics 37 (1988).
    public mutating func normal() -> Double {
        let high = UInt64(next()), low = UInt64(next())
        return inverseNormal(openUniform(high << 32 | low))
    }
}

/// A number in `(0, 1)` from the upper 53 of 64 random bits.
package func openUniform(_ bits: UInt64) -> Double {
    min((Double(bits >> 11) + 0.5) * 0x1p-53, 1 - 0x1p-53)  // with 53 ones the sum is rounded up, to 1 in all
}

/// The `p`-quantile of the standard normal distribution, `0 < p < 1`, to about 1e-16.
package func inverseNormal(_ p: Double) -> Double {
    let q = p - 0.5
    if q.magnitude <= 0.425 {
        let r = 0.180625 - q * q
        return q * rational(r, central)
    }
    let tail = q < 0 ? p : 1 - p
    let r = (-exactLog(tail)).squareRoot()
    let value = r <= 5 ? rational(r - 1.6, middle) : rational(r - 5, far)
    return q < 0 ? -value : value
}

/// Numerator and denominator, constant term first.
private typealias Coefficients = (numerator: [Double], denominator: [Double])

private func rational(_ x: Double, _ coefficients: Coefficients) -> Double {
    func horner(_ terms: [Double]) -> Double { terms.reversed().reduce(0) { $0 * x + $1 } }
    return horner(coefficients.numerator) / horner(coefficients.denominator)
}

private let central: Coefficients = (
    [
        3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3, 1.3731693765509461125e+4,
        4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4, 2.5090809287301226727e+3,
    ],
    [
        1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
        2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4, 5.2264952788528545610e+3,
    ]
)

private let middle: Coefficients = (
    [
        1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0, 3.64784832476320460504e0,
        1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2, 7.74545014278341407640e-4,
    ],
    [
        1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
        1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4, 1.05075007164441684324e-9,
    ]
)

private let far: Coefficients = (
    [
        6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0, 2.96560571828504891230e-1,
        2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5, 2.01033439929228813265e-7,
    ],
    [
        1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
        7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7, 2.04426310338993978564e-15,
    ]
)
