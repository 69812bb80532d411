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

/// What the HTTP server needs, with the trait `Serve` only.
let serving: [Target.Dependency] = [
    ("HummingbirdCore", "hummingbird"), ("ServiceLifecycle", "swift-service-lifecycle"),
    ("UnixSignals", "swift-service-lifecycle"), ("NIOCore", "swift-nio"), ("NIOPosix", "swift-nio"),
    ("Logging", "swift-log"), ("HTTPTypes", "swift-http-types"),
].map { .product(name: $0, package: $1, condition: .when(traits: ["Serve"])) }

let package = Package(
    name: "tinylora",
    platforms: [.macOS(.v15)],
    products: [
        .library(name: "TinyLoRA", targets: ["TinyLoRA"]),
        .library(name: "TinyServer", targets: ["TinyServer"]),
        .executable(name: "tinylora", targets: ["TinyLoRACommand"]),
    ],
    // Without the trait neither the HTTP server nor what it depends on is fetched or built.
    traits: [
        .trait(name: "Serve", description: "The command `tinylora serve`: an HTTP server, built on Hummingbird.")
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.0.0"),
        .package(url: "https://github.com/attaswift/BigInt", from: "6.0.1"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.0", traits: []),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.14.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0", traits: []),
    ],
    targets: [
        // The engine: bytes to numbers to gradients.
        .target(name: "CTinyHash"),
        library("TinyFoundation", uses: ["CTinyHash"]),
        .target(name: "CTinyKernels"),
        library("TinyTensor", uses: ["TinyFoundation", "CTinyKernels"]),
        library("TinyCheckpoint", uses: ["TinyFoundation"]),
        library("TinyModel", uses: ["TinyFoundation", "TinyTensor", "TinyCheckpoint"]),
        library("TinyAdapter", uses: ["TinyFoundation", "TinyTensor", "TinyCheckpoint", "TinyModel"]),
        library("TinyEngine", uses: ["TinyFoundation", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter"]),
        library("TinyRemote", uses: ["TinyFoundation", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyEngine"]),

        // Text, problems, records, files of a hub: no numbers of a model in sight.
        library("TinyHub", uses: ["TinyFoundation"]),
        library("TinyText", uses: ["TinyFoundation"]),
        library("TinyTemplates", uses: ["TinyFoundation"]),
        library("TinyRecords", uses: ["TinyFoundation"]),
        library("TinyProblems", uses: ["TinyFoundation", .product(name: "BigInt", package: "BigInt")]),
        library("TinyStatistics", uses: ["TinyFoundation"]),
        library("TinyAbacus", uses: ["TinyFoundation", "TinyProblems"], resources: [.copy("Model")]),

        // What is built on both.
        library("TinyLearning", uses: ["TinyFoundation", "TinyProblems", "TinyRecords", "TinyEngine"]),
        library(
            "TinyRuns",
            uses: [
                "TinyFoundation", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyEngine", "TinyText",
                "TinyTemplates", "TinyProblems", "TinyAbacus", "TinyRecords", "TinyStatistics", "TinyLearning",
                "TinyHub", "TinyRemote",
                .product(name: "Yams", package: "Yams"),
            ]),
        library("TinyReport", uses: ["TinyFoundation", "TinyRecords", "TinyStatistics"]),
        library(
            "TinyLoRA",
            uses: [
                "TinyFoundation", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyEngine", "TinyText",
                "TinyTemplates", "TinyProblems", "TinyAbacus", "TinyRecords", "TinyStatistics", "TinyLearning",
                "TinyHub", "TinyRemote", "TinyRuns", "TinyReport",
            ]),
        library(
            "TinyServer",
            uses: [
                "TinyFoundation", "TinyAdapter", "TinyEngine", "TinyText", "TinyTemplates", "TinyProblems", "TinyRuns",
            ] + serving),
        .executableTarget(
            name: "TinyLoRACommand",
            dependencies: [
                "TinyLoRA", "TinyFoundation", .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .target(name: "TinyServer", condition: .when(traits: ["Serve"])),
            ],
            swiftSettings: settings),

        .target(
            name: "TinyTestSupport", dependencies: ["TinyFoundation"], path: "Tests/TinyTestSupport",
            swiftSettings: settings),
        .target(
            name: "TinyLearningTestSupport",
            dependencies: ["TinyFoundation", "TinyEngine", "TinyProblems", "TinyRecords", "TinyLearning"],
            path: "Tests/TinyLearningTestSupport", swiftSettings: settings),
        tests(of: "TinyFoundation"),
        tests(of: "TinyTensor", uses: ["TinyFoundation", "CTinyKernels"]),
        tests(of: "TinyCheckpoint", uses: ["TinyFoundation"]),
        tests(of: "TinyText", uses: ["TinyFoundation"]),
        tests(of: "TinyTemplates", uses: ["TinyFoundation"]),
        tests(of: "TinyRecords", uses: ["TinyFoundation"]),
        tests(of: "TinyModel", uses: ["TinyFoundation", "TinyCheckpoint", "TinyTensor"]),
        tests(of: "TinyAdapter", uses: ["TinyFoundation", "TinyTensor", "TinyCheckpoint", "TinyModel"]),
        tests(of: "TinyProblems", uses: ["TinyFoundation"]),
        tests(of: "TinyAbacus", uses: ["TinyFoundation", "TinyProblems"]),
        tests(of: "TinyEngine", uses: ["TinyFoundation", "TinyTensor", "TinyCheckpoint", "TinyModel", "TinyAdapter"]),
        tests(
            of: "TinyRemote", uses: ["TinyFoundation", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyEngine"]),
        tests(
            of: "TinyLearning",
            uses: [
                "TinyFoundation", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyText", "TinyEngine",
                "TinyProblems",
                "TinyRecords", "TinyAbacus", "TinyLearningTestSupport",
            ]),
        tests(of: "TinyStatistics"),
        tests(of: "TinyHub", uses: ["TinyFoundation"]),
        tests(
            of: "TinyRuns",
            uses: [
                "TinyFoundation", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyEngine", "TinyProblems",
                "TinyRecords",
                "TinyStatistics", "TinyLearning", "TinyLoRA", "TinyLearningTestSupport",
            ]),
        tests(of: "TinyReport", uses: ["TinyFoundation", "TinyRecords", "TinyStatistics"]),
        tests(
            of: "TinyServer",
            uses: [
                "TinyFoundation", "TinyCheckpoint", "TinyModel", "TinyAdapter", "TinyEngine", "TinyText", "TinyRecords",
                "TinyRuns",
            ]),
        // Runs the built command; of the package's types it knows SHA-256 only.
        .testTarget(
            name: "TinyLoRACommandTests", dependencies: ["TinyFoundation", "TinyTestSupport"], swiftSettings: settings),
    ],
    swiftLanguageModes: [.v6],
    cLanguageStandard: .c11
)
