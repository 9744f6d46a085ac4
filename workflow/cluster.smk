# What differs where steps run as jobs of a cluster (profiles/).
if workflow.remote_exec:
    # The machine that submits has a warm process, out of reach here: a job keeps one for its steps.
    from bilan import forkserver

    forkserver.keep()

if workflow.storage_settings.default_storage_provider:
    # Kubernetes' executor takes it that pods share no folder, and wants every file in a store.
    # Ours share the project's: the store holds the workflow itself and no file of it.
    from snakemake.path_modifier import PathModifier

    PathModifier.apply_default_storage = lambda modifier, path: path
