import Foundation
import Testing
import TinyFoundation

/// These functions use exact operations only; the C library is the oracle.
@Suite("Exact functions")
struct ExactFunctionTests {
    @Test("exp errs by less than 1e-15 of the result")
    func exponential() {
        var stream = RandomStream(.initialisation, seed: 1)
        for x in [0, 1, -1, 0.3465735, -0.3465736, 700, -700] + (0..<2000).map({ _ in stream.normal() * 15 }) {
            let exact = exp(x)
            if (exactExp(x) - exact).magnitude > 1e-15 * exact {
                Issue.record("exp(\(x)) = \(exactExp(x)), expected \(exact)")
            }
        }
    }

    @Test("sine and cosine err by less than 2e-11 up to a million")
    func circular() {
        var stream = RandomStream(.initialisation, seed: 2)
        let special = [0, 0.785398, 0.785399, 1.5707963, 3.1415926, 4.712389, 6.2831853, 1e6, 131_071]
        for x in special + special.map({ -$0 }) + (0..<2000).map({ _ in stream.uniform() * 2e6 - 1e6 }) {
            let (sine, cosine) = exactSineCosine(x)
            if max((sine - sin(x)).magnitude, (cosine - cos(x)).magnitude) > 2e-11 {
                Issue.record("at \(x): \(sine) and \(cosine), expected \(sin(x)) and \(cos(x))")
            }
            if x.magnitude <= 1, (sine - sin(x)).magnitude > 4e-16 { Issue.record("sin(\(x)) = \(sine)") }
        }
    }

    @Test(
        "sine and cosine of any number are numbers from -1 to 1, or NaN",
        arguments: [0x1p52, 0x1p53, 1e20, 1e300, .infinity, .nan])
    func largeAngles(angle: Double) {
        for x in [angle, -angle, angle.nextDown] {
            let (sine, cosine) = exactSineCosine(x)
            let isRight = x.isFinite ? max(sine.magnitude, cosine.magnitude) <= 1 : sine.isNaN && cosine.isNaN
            #expect(isRight, "\(x): \(sine), \(cosine)")
        }
    }

    /// The series leaves 1e-20; what remains are a few roundings of 2⁻⁵³ each.
    @Test("log errs by a few roundings")
    func logarithm() {
        var stream = RandomStream(.initialisation, seed: 1)
        var arguments = [1, 2, 0.5, 0.70710678, 0.7071068, 1.41421356, 1.4142136, 1 + 1e-9, 1 - 1e-9, 0x1p-1060, 1e300]
        for _ in 0..<2000 { arguments.append(exp((stream.uniform() - 0.5) * 60)) }
        for x in arguments {
            let error = (exactLog(x) - log(x)).magnitude
            if error > 4 * 0x1p-52 * log(x).magnitude { Issue.record("log(\(x)) = \(exactLog(x)), expected \(log(x))") }
        }
        #expect(exactLog(0) == -.infinity)
        #expect(exactLog(-1).isNaN)
        #expect(exactLog(.nan).isNaN)
    }
}
