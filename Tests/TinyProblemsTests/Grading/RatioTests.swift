import Testing
import TinyProblems

@Suite("A ratio in an answer")
struct RatioTests {
    @Test(
        "of whole numbers is their quotient, and the same in lower terms",
        arguments: [
            (#"\frac14"#, "1:4"), ("1:4", #"\frac14"#), ("0.25", "1 : 4"), ("3", "3:1"), ("3:1", "3"),
            (#"1 \text{ to } 4"#, "1/4"), ("6:8:10", "3:4:5"), ("3:4:5", "6:8:10"), ("2:8", "1:4"), ("1:75", "2:150"),
            ("30:40", "3:4"),
        ])
    func quotient(prediction: String, gold: String) { #expect(isAccepted("\\boxed{\(prediction)}", gold)) }

    @Test(
        "is neither another one nor a time",
        arguments: [
            ("4", "1:4"), ("4:1", "1:4"), ("3:4:6", "3:4:5"), ("3:4", "3:4:5"), ("12:00", "1:00"), ("5", #"05\!:\!00"#),
            ("10:00", "5:00"), (#"\frac{8}{34}"#, #"8\!:\!34 \text{ p.m.}"#), ("2", "4:02"), ("1:2:3", "1/2"),
            ("0", "0:5"), (#"\frac{3}{4}"#, "3:4:5"), ("1:4", "0.2"),
        ])
    func other(prediction: String, gold: String) { #expect(!isAccepted("\\boxed{\(prediction)}", gold)) }

    @Test("that is a time is the same time", arguments: ["5:00", #"05\!:\!00"#, "05:00"])
    func time(prediction: String) { #expect(isAccepted("\\boxed{\(prediction)}", #"05\!:\!00"#)) }
}
