import Testing
import TinyProblems

@Suite("Labels of an answer's parts")
struct PartLabelTests {
    @Test(
        "are no part of the answer",
        arguments: [
            "(a) 3, (b) 4", "(a) 3; (b) 4", "(a) 3\n(b) 4", "a) 3, b) 4", "a) 3\nb) 4", "a) 3 ; b) 4", "(a): 3, (b): 4",
            "(a) 3 (b) 4",
            "Part (a): 3, Part (b): 4", "part (a): 3\npart (b): 4", #"\text{(a)} 3, \text{(b)} 4"#,
            #"\text{(a) } 3 \quad \text{(b) } 4"#, #"(a)\ 3 \\ (b)\ 4"#, "(i) 3, (ii) 4", "$(a) 3, (b) 4$",
            "(a) $3$, (b) $4$", "(a) 3 and (b) 4", "(a) = 3, (b) = 4", "3, 4", "(3, 4)",
        ])
    func labels(prediction: String) {
        #expect(isAccepted("\\boxed{\(prediction)}", "(a) 3, (b) 4"))
        #expect(!isAccepted("\\boxed{\(prediction)}", "(a) 4, (b) 3"))
    }

    @Test(
        "are not the ends of factors",
        arguments: [
            ("(5+a)(2+b)", "(a+5)(b+2)"), ("(x-b)(x-a)", "(x-a)(x-b)"), ("(a+c)(b+c)", "(c+a)(c+b)"),
            (#"\sqrt{s(s-c)(s-b)(s-a)}"#, #"\sqrt{s(s-a)(s-b)(s-c)}"#), ("(b-c)(a-b)(c-a)", "(a-b)(b-c)(c-a)"),
            (#"\sin a\cos b"#, #"\sin(a)\cos(b)"#), ("(b)(a)", "(a)(b)"), ("x(a) (b)", "(a)(b)x"),
            ("(a) 3 + (b) 4", "3a + 4b"), (#"(a) 3 \cdot (b) 4"#, "12ab"), ("(a)^2, (b)^2", "a^2, b^2"),
            ("f(a), f(b)", "f(a), f(b)"),
        ])
    func factors(prediction: String, gold: String) { #expect(isAccepted("\\boxed{\(prediction)}", gold)) }

    @Test(
        "do not make a list of a product",
        arguments: [
            ("(x-(x-a)b)", "(x-a)(x-b)"), ("(1-(1-a)b)", "(1-a)(1-b)"), ("(x-a, x-b)", "(x-a)(x-b)"),
            ("(x-a)(x-c)", "(x-a)(x-b)"),
        ])
    func products(prediction: String, gold: String) { #expect(!isAccepted("\\boxed{\(prediction)}", gold)) }
}
