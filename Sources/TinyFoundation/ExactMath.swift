// Elementary functions from operations that IEEE 754 defines exactly: the C library's versions differ in the last bit
// between platforms, and a run must not.

/// `e` to the power `x`; relative error under 1e-15, and exactly 1 at 0.
///
/// Splits `x = k ln 2 + r` with `|r| ≤ ½ ln 2` and sums the series of `e^r` to the 14th power (the next term is under 1e-19).
package func exactExp(_ x: Double) -> Double {
    guard x.isFinite else { return x.isNaN ? x : (x > 0 ? .infinity : 0) }
    if x > 710 { return .infinity }
    if x < -750 { return 0 }
    let k = (x * 1.4426950408889634).rounded()
    let r = (x - k * 0x1.62e42fee00000p-1) - k * 0x1.a39ef35793c76p-33  // ln 2 in two parts; the first product is exact
    var sum = 1.0
    for power in stride(from: 14.0, through: 1.0, by: -1.0) { sum = 1 + r / power * sum }
    return Double(sign: .plus, exponent: Int(k) / 2, significand: sum)
        * Double(sign: .plus, exponent: Int(k) - Int(k) / 2, significand: 1)  // in two halves: 2^k alone may overflow
}

/// Cosine of `turn` half turns, `0 ≤ turn ≤ 1`; absolute error under 1e-15.
///
/// Sums the series of the cosine up to a quarter, of the sine up to a half, and mirrors the rest.
package func exactCosine(halfTurns turn: Double) -> Double {
    if turn > 0.5 { return -exactCosine(halfTurns: 1 - turn) }
    let usesSine = turn > 0.25
    let angle = Double.pi * (usesSine ? 0.5 - turn : turn)
    let square = angle * angle
    var sum = 1.0
    for power in stride(from: usesSine ? 17.0 : 18.0, to: 1, by: -2) { sum = 1 - square / (power * (power - 1)) * sum }
    return usesSine ? angle * sum : sum
}

/// Natural logarithm; relative error under 1e-15 on normal numbers. `-∞` at 0, NaN below it.
///
/// Splits `x = 2^e · m` with `m` in `[√½, √2)` and sums the series of `2·atanh((m-1)/(m+1))`.
package func exactLog(_ x: Double) -> Double {
    guard x > 0 else { return x == 0 ? -.infinity : .nan }
    var exponent = Double(x.exponent)
    var mantissa = x.significand
    if mantissa > 1.4142135623730951 {
        mantissa *= 0.5
        exponent += 1
    }
    let z = (mantissa - 1) / (mantissa + 1)
    let square = z * z
    var sum = 0.0
    for k in stride(from: 23.0, through: 1.0, by: -2.0) {  // |z| ≤ 0.1716, so z^25 / 25 < 1e-20
        sum = sum * square + 1 / k
    }
    return exponent * 0.6931471805599453 + 2 * z * sum
}

/// Sine and cosine, to about 1e-11 absolute for `|x|` up to a million; of much larger numbers some numbers within -1 ... 1, and
/// NaN of those that are not finite.
package func exactSineCosine(_ x: Double) -> (sine: Double, cosine: Double) {
    guard x.magnitude < 0x1p52 else {
        return x.isFinite ? exactSineCosine(x.truncatingRemainder(dividingBy: 2 * .pi)) : (.nan, .nan)
    }
    let quarter = (x * 0.6366197723675814).rounded()
    // π/2 in two parts, the first of 33 bits, so that its product with `quarter` is exact
    let r = x - quarter * 1.5707963267341256 - quarter * 6.077100506506192e-11
    let square = r * r
    var sine = 0.0, cosine = 0.0
    for k in stride(from: 17.0, through: 3.0, by: -2.0) {  // Taylor: |r| ≤ π/4, so the next term is below 1e-18
        sine = -square / (k * (k - 1)) * (1 + sine)
        cosine = -square / ((k - 1) * (k - 2)) * (1 + cosine)
    }
    sine = r * (1 + sine)
    cosine = 1 + cosine
    switch Int(quarter) & 3 {
    case 0: return (sine, cosine)
    case 1: return (cosine, -sine)
    case 2: return (-sine, -cosine)
    default: return (-cosine, sine)
    }
}

/// `base` to a whole power by repeated squaring.
package func exactPower(_ base: Double, _ exponent: Int) -> Double {
    var result = 1.0, square = base, rest = exponent
    while rest > 0 {
        if rest & 1 == 1 { result *= square }
        square *= square
        rest >>= 1
    }
    return result
}
