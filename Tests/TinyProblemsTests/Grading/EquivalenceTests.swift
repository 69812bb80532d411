import Testing
import TinyProblems

/// Two answers, separated by `≡` in a table.
private func pair(_ row: String) throws -> (String, String) {
    let sides = row.split(separator: "≡", omittingEmptySubsequences: false)
    try #require(sides.count == 2, "\(row)")
    return (String(sides[0]), String(sides[1]))
}

@Suite("Answers")
struct EquivalenceTests {
    @Test(
        "that mean the same are equal, either way round, boxed and announced",
        arguments: [
            // Fractions, decimals, mixed numbers.
            #"\frac{1}{2}≡0.5"#, #"\frac12≡1/2"#, #"\frac 59≡5/9"#, #"\frac9{19}≡\dfrac{9}{19}"#, #"1\frac45≡\frac95"#,
            #"1 4/5≡1.8"#, #"137 \frac{1}{2}≡137.5"#, #"-\frac12≡\frac{-1}{2}"#, #"-\frac12≡\frac{1}{-2}"#,
            #"-1./3≡-1/3"#,
            #"0.\overline{3}≡1/3"#, #"0.1\overline{6}≡1/6"#, "½≡0.5", ".0000672≡6.72e-5", "−3≡-3",
            // Thousands, powers of ten.
            #"10,\!080≡10080"#, #"10{,}080≡10,080"#, "10 080≡10080", #"11,\! 111,\! 111,\! 100≡11111111100"#,
            #"1.2\times10^{5}≡120000"#, #"4.5e33≡4.5 \times 10^{33}"#, #"\$18.90≡18.9"#,
            // Roots, powers, functions, plain and LaTeX.
            #"\sqrt3≡\sqrt{3}"#, #"√3≡3^{1/2}"#, #"\sqrt[3]{-8}≡-2"#, "2**3≡8", #"3\sqrt{13}≡\sqrt{117}"#,
            #"sqrt(3)/3≡\frac{1}{\sqrt{3}}"#, #"\sqrt{2+\sqrt3}≡\frac{\sqrt6+\sqrt2}{2}"#,
            #"np.arcsin(10/13)≡\arcsin\frac{10}{13}"#, #"\tan^{-1} 1≡\frac{\pi}{4}"#, #"\sin 30^\circ≡1/2"#, "2π≡2\\pi",
            #"\log_2 8≡3"#, #"\log_{10} 1000≡3"#, #"\log 100≡2"#, #"\ln e≡1"#, "5!≡120", #"\binom{10}{3}≡120"#,
            #"\lfloor 3.7 \rfloor≡3"#, #"\lceil 3.2 \rceil≡4"#, "|-5|≡5", #"17 \bmod 5≡2"#, #"\max(3,5)≡5"#,
            #"2^{1009}≡2\cdot 2^{1008}"#, #"\frac{100!}{99!}≡100"#,
            // Complex numbers.
            #"e^{i\pi}≡-1"#, "(1+i)^2≡2i", #"\frac{1}{1+i}≡\frac{1-i}{2}"#, "1-12i≡1 - 12 i",
            // Expressions with variables.
            "x^2+2x+1≡(x+1)^2", #"\frac{x^2-1}{x-1}≡x+1"#, #"\sin^2 x+\cos^2 x≡1"#, #"\sec^2(y)≡\tan^2(y)+1"#,
            #"\cot x≡\frac{\cos x}{\sin x}"#, "n(n+1)/2≡\\frac{n^2+n}{2}", #"\frac{n!}{(n-1)!}≡n"#,
            #"\binom{n}{2}≡\frac{n(n-1)}{2}"#, #"\exp(2x)≡(e^x)^2"#, "a^{-1}≡1/a",
            // Lists, sets, tuples, intervals.
            "1,2≡2,1", "1 and 2≡1,2", #"\{1,2\}≡\{2,1\}"#, #"2, 3, \text{ and } 4≡4,3,2"#,
            #"1\pm\sqrt5≡1-\sqrt5, 1+\sqrt5"#, #"x=1\text{ or }x=2≡1,2"#, "(1, 2)≡(1,\\frac{4}{2})", "x=1,y=2≡(1,2)",
            "(x,y)=(1,2)≡(1,2)", #"(-\infty,2)\cup(3,\infty)≡(3,+\infty) \cup (-\infty,2)"#, #"x\in[1,2)≡[1, 2)"#,
            #"x>5≡(5,\infty)"#, "|x|<2≡(-2,2)", #"|x| \ge 2≡(-\infty,-2]\cup[2,\infty)"#,
            #"\mathbb{R}≡(-\infty,\infty)"#,
            "(312,123,231)≡(312, 123, 231)", "58,500≡58500", #"\emptyset≡\{\}"#,
            // Equations and inequalities.
            "2x+4y=3≡4x+8y-6=0", "y=2x+3≡y-2x=3", "y=2x+3≡2x+3", "f(x)=2x≡y=2x", "x<1≡-x>-1", "5<x≡x>5", "x=5≡5",
            #"10^3=1000≡1000"#, "|AB|=1≡1",
            // Matrices.
            #"\begin{bmatrix}1&2\\3&4\end{bmatrix}≡\begin{pmatrix}1&2\\3&\frac{8}{2}\\\end{pmatrix}"#,
            #"\begin{pmatrix}1&0\\0&1\end{pmatrix}\begin{pmatrix}1\\2\end{pmatrix}≡\begin{pmatrix}1\\2\end{pmatrix}"#,
            // Units, percent, bases, words, times.
            #"864 \mbox{ inches}^2≡864"#, #"15 square centimeters≡15\mbox{ cm}^2"#, #"90^\circ≡90 degrees"#,
            #"62.5\%≡5/8"#, "62.5%≡62.5", "28 percent≡28\\%", "52_8≡52_{8}", "52_8≡52", #"\text{east}≡East"#,
            #"\text{(C)}≡C"#, #"\text{A, B}≡A,B"#, #"8\!:\!34 \text{ p.m.}≡8:34 p.m."#, #"\mbox{four}≡4"#,
            "7 distinct integers≡7",
        ])
    func equal(row: String) throws {
        let (a, b) = try pair(row)
        let grader = MathGrader()
        #expect(grader.isEquivalent(a, to: b))
        #expect(grader.isEquivalent(b, to: a))
        #expect(grader.grade("So it is \\boxed{\(a)}.", gold: b).strict)
        let announced = grader.grade("We see this from above. The final answer is $\(a)$.", gold: b)
        #expect(announced.lenient && !announced.strict)
    }

    @Test(
        "that differ are different, either way round, boxed and announced",
        arguments: [
            "58,500≡58, 500", "12≡1,2", "1 2≡12", #"\frac{1}{23}≡\frac{12}{3}"#, "(1,2)≡[1,2]",
            "(1,2)≡(2,1)", "(1,2]≡(1,2)",
            "5 cm≡5 m", #"15 \text{ cm}^2≡15 \text{ cm}^3"#, "1:2≡2:1", "12:00≡1:00", "8:34 am≡8:34 pm",
            #"\text{CBAD}≡ABCD"#, "I(0)≡0", "x^2≡x", #"\sqrt{x^2}≡x"#, "x=5≡y=5", "52_8≡52_7", "1+10^{-18}≡1",
            "2^{100}+1≡2^{100}", #"\pi≡3.14"#, #"\pi≡22/7"#, #"3.14159265≡\pi"#, "0.333333≡1/3", #"x>5≡x\ge5"#,
            "x>5≡x<5",
            "x<y≡y<x", "a=b≡a=2b", #"\{1,2\}≡\{1,2,3\}"#, #"(1,\infty)≡(1,2)"#, #"\infty≡-\infty"#,
            #"1\pm\sqrt5≡1+\sqrt5"#,
            "2x≡2y", #"\sin x≡\cos x"#, "e≡E", #"\frac{1}{x}≡x"#, #"\text{odd}≡\text{even}"#, "100!≡100!+1",
            #"\log_2 n≡\log_3 n"#, "x^2=1≡x=1", "2,2≡2", "1,1,2≡1,2,2",
            #"\begin{pmatrix}1\\2\end{pmatrix}≡\begin{pmatrix}2\\1\end{pmatrix}"#, "10^{100}≡10^{101}",
            "10^{10^{10}}≡10^{10^{11}}", "10^{-400}≡10^{-401}", "e^{1000}≡e^{1001}",
            #"\sum_{k=1}^n k≡\sum_{k=1}^n k^2"#,
            #"0≡\text{none}"#, "3≡3+10^{-12}", #"\lfloor x\rfloor≡x"#,
            #"\lfloor\frac{2n-1}{5}\rfloor≡\lfloor\frac{n-1}{5}\rfloor"#,
            #"\sin(10^{20})≡\sin(10^{20}+1)"#, "2^{0.5}≡1.41421356237", "1000000007≡1000000009", "-5≡5", "x_1≡x_2",
            #"\frac{dM}{dt}≡\frac{M}{t}"#, "f(x)=x≡f(x)=-x", #"3\frac{1}{2}≡\frac{3}{2}"#, #"1\frac45≡1\frac95"#,
            "7 = 11a+c≡11a+c", "1/2≡", "n!≡n", #"2x \text{ where } x=1≡2"#,
        ])
    func different(row: String) throws {
        let (a, b) = try pair(row)
        let grader = MathGrader()
        for (prediction, gold) in [(a, b), (b, a)] {
            #expect(!grader.isEquivalent(prediction, to: gold))
            #expect(!grader.grade("So it is \\boxed{\(prediction)}.", gold: gold).lenient)
            #expect(!grader.grade("We see this from above. The final answer is $\(prediction)$.", gold: gold).lenient)
        }
    }

    @Test("are compared as the options allow")
    func tolerances() {
        var options = GradingOptions()
        options.decimalPlaces = 4
        #expect(MathGrader(options: options).isEquivalent("0.3333", to: "1/3"))
        #expect(!MathGrader(options: options).isEquivalent("0.3332", to: "1/3"))
        options = GradingOptions()
        options.relativeTolerance = 0.01
        #expect(MathGrader(options: options).isEquivalent("4.53e33", to: "4.5e33"))
        #expect(!MathGrader(options: options).isEquivalent("4.56e33", to: "4.5e33"))
        #expect(MathGrader(options: options).isEquivalent("(1, 3.14)", to: "(1,\\pi)"))
        options = GradingOptions()
        options.absoluteTolerance = 0.1
        #expect(MathGrader(options: options).isEquivalent("4.3", to: "4.2"))
        #expect(!MathGrader(options: options).isEquivalent("4.31", to: "4.2"))
        options.decimalPlaces = -1
        options.absoluteTolerance = .nan
        #expect(options.violations().count == 2)
    }
}
