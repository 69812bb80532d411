import Testing
import TinyProblems

/// A policy learns whatever pays: an answer that says two numbers may be right for one of them at most.
@Suite("A calculation in an answer")
struct CalculationTests {
    @Test(
        "counts before and behind the sign of approximation where the last side is the first, rounded to its own places",
        arguments: [
            (#"\boxed{A = 25\pi \approx 78.54}"#, #"25\pi"#, "78.54"),
            (#"\boxed{25\pi \approx 78.54}"#, #"25\pi"#, "78.54"),
            (#"\boxed{x = 22/7 \simeq 3.14}"#, "22/7", "3.14"), ("#### 4.9 ≈ 5", "4.9", "5"),
            (#"\boxed{25\pi \approx 78.54 \approx 78.5}"#, #"25\pi"#, "78.5"),
            (#"\boxed{\frac13 \approx 33.3\%}"#, "1/3", "33.3"),
            (#"\boxed{\arccos\frac{1}{\sqrt3} \approx 54.7^\circ}"#, #"\arccos\frac{1}{\sqrt3}"#, "54.7"),
            (#"\boxed{25\pi \text{ cm}^2 \approx 78.54 \text{ cm}^2}"#, #"25\pi"#, "78.54"),
            (#"\boxed{\frac13 \times 100\% \approx 33.3\%}"#, "33.3", "33.3"),
            (#"\boxed{20\% \times 29999 \approx 6000}"#, "6000", "6000"),
            (#"\boxed{\frac{10\text{ m}}{3\text{ s}} \approx 3.33\text{ m/s}}"#, "3.33", "3.33"),
            (#"\boxed{\theta = 60^\circ \approx 1.05}"#, #"60^\circ"#, "1.05"),
            (#"\boxed{-\log(1.8 \times 10^{-5}) \approx 4.74}"#, "4.74", "4.74"),
            (#"\boxed{10\sin(45) \approx 7.07}"#, "7.07", "7.07"),
            (#"\boxed{\frac{100}{3} = 33.33 \approx 33}"#, "33", "33"),
            (#"\boxed{e = \frac{\sqrt5}{3} \approx 0.745}"#, "0.745", "0.745"),
            (#"\boxed{\pi \approx 3.14}"#, #"\pi"#, "3.14"),
            (#"\boxed{n \approx 4.9 \approx 5}"#, "5", "5"), (#"\boxed{A = \pi r^2 \approx 78.5}"#, "78.5", "78.5"),
        ])
    func rounded(prediction: String, exact: String, rounded: String) {
        #expect(isAccepted(prediction, exact))
        #expect(isAccepted(prediction, rounded))
    }

    @Test(
        "counts before the sign only where the last side is near, but is not the first rounded",
        arguments: [
            (#"\boxed{\frac{9.5}{3.14159} \approx 3.01}"#, #"\frac{9.5}{3.14159}"#, "3.01"),
            (#"\boxed{x = 987 \approx 1000}"#, "987", "1000"), (#"\boxed{20 \approx 21}"#, "20", "21"),
            (#"\boxed{100 \approx 100.9 \approx 101}"#, "100", "101"),
            (#"\boxed{5\text{ mi} \approx 8\text{ km}}"#, "5", "8"),
            (#"\boxed{\sqrt3 \approx 1.74}"#, #"\sqrt3"#, "1.74"),
        ])
    func near(prediction: String, exact: String, other: String) {
        #expect(isAccepted(prediction, exact))
        #expect(!isAccepted(prediction, other))
    }

    @Test(
        "that is false is right for none of its sides",
        arguments: [
            (#"\boxed{3 \approx 5}"#, ["3", "5"]), (#"\boxed{x = 3 \approx 5}"#, ["3", "5", "x = 3", "x = 5"]),
            ("#### 3 ≈ 5", ["3", "5"]), (#"\boxed{3 \simeq 5}"#, ["3", "5"]), (#"\boxed{{3 \approx 5}}"#, ["3", "5"]),
            (#"\boxed{\begin{cases} x = 3 \approx 5 \end{cases}}"#, ["3", "5"]), (#"\boxed{\sqrt3 \approx 5}"#, ["5"]),
            (#"\boxed{3 \approx 5 \approx 7}"#, ["3", "5", "7"]), (#"\boxed{x \approx 3 \approx 5}"#, ["3", "5"]),
            (#"\boxed{(3 \approx 5, 4)}"#, ["(3, 4)", "(5, 4)"]),
            (#"\boxed{x = 3 \approx 5, y = 4}"#, ["x=3, y=4", "x=5, y=4"]),
            (#"\boxed{3\text{ cm} \approx 5\text{ cm}}"#, ["3 cm", "5 cm"]), (#"\boxed{\{3\} \approx 5}"#, ["3", "5"]),
            (#"\boxed{x = 3+y-y \approx 5}"#, ["3"]),
            ("x=3=5", ["3", "5", "x=3", "x=5"]), (#"\boxed{x = 3 \equiv 5}"#, ["3", "5", "x=3", "x=5"]),
            (#"\boxed{f(x) = 3 = 5}"#, ["y=3", "y=5"]), (#"\boxed{x=3=5, y=2}"#, ["x=3, y=2", "x=5, y=2", "(5, 2)"]),
        ])
    func wrong(prediction: String, golds: [String]) {
        for gold in golds { #expect(!isAccepted(prediction, gold), "\(gold)") }
    }

    @Test(
        "is the value of a name where its sides agree",
        arguments: [
            (#"\boxed{x = 2+3 = 5}"#, "x=5"), (#"\boxed{y = 2(x+1) = 2x+2}"#, "y=2x+2"),
            (#"\boxed{x = 5 \approx 5.0}"#, "x=5"), (#"\boxed{e = 0.5}"#, #"e=\frac12"#),
            (#"\boxed{e=2,a=1}"#, "a=1, e=2"),
            (#"\boxed{i=\frac{6}{2}}"#, "i = 3"),
            ("x = 2+3 = 5, y = 2", "x=5, y=2"), ("5", "x = 2+3 = 5"),
        ])
    func named(prediction: String, gold: String) { #expect(isAccepted(prediction, gold)) }

    @Test("of a gold sentence with several equations is not its last value alone")
    func sentence() {
        #expect(!isAccepted("\\boxed{12}", "Let n = k, then the sum = 12"))
        #expect(isAccepted("\\boxed{12}", "Number of ways = 12"))
        #expect(isAccepted("\\boxed{10}", "\\sum_{k=1}^{4} k = 10"))
    }
}
