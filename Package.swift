// swift-tools-version: 6.2
import PackageDescription

/// CI turns warnings into errors; a user's build with a newer compiler must not fail on a new warning.
let warnings: [SwiftSetting] = Context.environment["CI"] == nil ? [] : [.treatAllWarnings(as: .error)]

let settings: [SwiftSetting] =
    warnings + [
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
    ]

func library(_ name: String, uses dependencies: [Target.Dependency] = [], resources: [Resource]? = nil) -> Target {
    .target(name: name, dependencies: dependencies, resources: resources, swiftSettings: settings)
}

func tests(of name: String, uses dependencies: [Target.Dependency] = []) -> Target {
    .testTarget(
        name: name + "Tests", dependencies: [.byName(name: name), "TinyTestSupport"] + dependencies,
        swiftSettings: settings)
}

let package = Package(
    name: "tinylora",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "TinyLoRA", targets: ["TinyLoRA"]),
        .executable(name: "tinylora", targets: ["TinyLoRACommand"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
    ],
    targets: [
        // The engine: bytes to numbers to gradients.
        .target(name: "CTinyKernels"),
        library("TinyErrors"),
        library("TinyTensor", uses: ["CTinyKernels"]),
        library("TinyCheckpoint", uses: ["TinyErrors", "TinyTensor"]),
        library("TinyModel", uses: ["TinyTensor", "TinyCheckpoint"]),
        library("TinyAdapter", uses: ["TinyErrors", "TinyTensor", "TinyCheckpoint", "TinyModel"]),

        // Text, problems, records: no numbers of a model in sight.
        library("TinyText", uses: ["TinyErrors"]),
        library("TinyRecords", uses: ["TinyErrors"]),
        library("TinyProblems", uses: ["TinyErrors", .product(name: "BigInt", package: "BigInt")]),
        library(
            "TinyRecipes",
            uses: ["TinyErrors", "TinyRecords", "TinyProblems", .product(name: "Yams", package: "Yams")]),
        library("TinyStatistics", uses: ["TinyTensor"]),
        library("TinyAbacus", uses: ["TinyErrors", "TinyTensor", "TinyProblems"], resources: [.copy("Model")]),

        // The seam, and what is built on it.
        library("TinyPolicy", uses: ["TinyErrors", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter"]),
        library(
            "TinyTraining",
            uses: [
                "TinyErrors", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyProblems", "TinyRecords", "TinyPolicy",
            ]),
        library(
            "TinyEvaluation",
            uses: [
                "TinyErrors", "TinyTensor", "TinyCheckpoint", "TinyProblems", "TinyStatistics", "TinyRecords",
                "TinyPolicy",
            ]),
        library("TinyReport", uses: ["TinyErrors", "TinyRecords", "TinyStatistics"]),

        library(
            "TinyLoRA",
            uses: [
                "TinyErrors", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyText", "TinyRecords",
                "TinyProblems", "TinyAbacus", "TinyPolicy", "TinyTraining", "TinyStatistics", "TinyEvaluation",
                "TinyReport",
            ]),
        .executableTarget(
            name: "TinyLoRACommand",
            dependencies: [
                "TinyLoRA", "TinyRecipes", .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: settings),

        .target(
            name: "TinyTestSupport", dependencies: ["TinyTensor"], path: "Tests/TinyTestSupport",
            swiftSettings: settings),
        tests(of: "TinyErrors"),
        tests(of: "TinyTensor", uses: ["CTinyKernels"]),
        tests(of: "TinyCheckpoint", uses: ["TinyTensor"]),
        tests(of: "TinyText"),
        tests(of: "TinyRecords"),
        tests(of: "TinyRecipes", uses: ["TinyRecords", "TinyProblems"]),
        tests(of: "TinyModel", uses: ["TinyCheckpoint", "TinyTensor"]),
        tests(of: "TinyAdapter", uses: ["TinyTensor", "TinyCheckpoint", "TinyModel"]),
        tests(of: "TinyProblems", uses: ["TinyTensor"]),
        tests(of: "TinyAbacus", uses: ["TinyProblems"]),
        tests(of: "TinyPolicy", uses: ["TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter"]),
        tests(
            of: "TinyTraining",
            uses: [
                "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyText", "TinyPolicy", "TinyProblems",
                "TinyRecords", "TinyAbacus",
            ]),
        tests(of: "TinyStatistics"),
        tests(
            of: "TinyEvaluation", uses: ["TinyTensor", "TinyPolicy", "TinyProblems", "TinyStatistics", "TinyRecords"]),
        tests(of: "TinyReport", uses: ["TinyTensor", "TinyStatistics"]),
        tests(of: "TinyLoRA", uses: ["TinyText", "TinyProblems"]),
        // Runs the built command; knows no type of the package.
        .testTarget(name: "TinyLoRACommandTests", swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
